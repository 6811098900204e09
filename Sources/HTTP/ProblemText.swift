internal import Bytes

extension [UInt8] {
    /// Appends a problem document (RFC 9457) of no type of its own, with a line feed behind it.
    ///
    /// - Parameters:
    ///   - status: the status code.
    ///   - detail: what went wrong, with nothing in it that was sent.
    ///   - members: appends further members, each with a comma before it.
    package mutating func appendProblem(status: Int, detail: String, members: (inout [UInt8]) -> Void = { _ in }) {
        append("{\"type\":\"about:blank\",\"title\":\"")
        append(reasonPhrase(of: status))
        append("\",\"status\":")
        append(decimal: status)
        append(",\"detail\":\"")
        append(jsonText: detail.utf8.span)
        append("\"")
        members(&self)
        append("}\n")
    }
}
