import Bytes
import HTTP
import Transport

/// A response of the admin listener, made whole before its first byte is sent.
struct AdminAnswer: Equatable {
    var status = 200
    var contentType: MediaType
    var body: [UInt8]
    /// Further field lines, each with its CRLF.
    var fields: [UInt8] = []

    /// The media types of answers.
    enum MediaType: String {
        case text = "text/plain; charset=utf-8"
        case json = "application/json"
        case problem = "application/problem+json"
    }

    init(text: String, status: Int = 200) {
        self.status = status
        contentType = .text
        body = Array(text.utf8)
    }

    init(json: [UInt8]) {
        contentType = .json
        body = json
    }

    /// A problem document (RFC 9457).
    ///
    /// - Parameters:
    ///   - status: the status code.
    ///   - detail: words that hold nothing of what was sent.
    init(problem status: Int, _ detail: String) {
        self.status = status
        contentType = .problem
        body = []
        body.appendProblem(status: status, detail: detail)
    }

    /// The bytes of the response (RFC 9112 §2.1).
    ///
    /// - Parameters:
    ///   - isHead: whether the request was HEAD, whose answer has no body.
    ///   - isLast: whether the connection ends with it.
    /// - Returns: head and body.
    func message(isHead: Bool, isLast: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.appendStatusLine(status)
        output.append("Date: ")
        HTTPDate.append(seconds: WallClock.seconds, to: &output)
        output.append("\r\n")
        output.appendField("Content-Type", contentType.rawValue.utf8.span)
        output.appendField(.length(body.count))
        output.append("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        output.append(contentsOf: fields)
        if isLast { output.append("Connection: close\r\n") }
        output.append("\r\n")
        if !isHead { output.append(contentsOf: body) }
        return output
    }
}
