/// Responses of HTTP/2 (RFC 9113 section 8).
extension ResponseParser {
    /// Understands a head that came in the form of HTTP/2.
    ///
    /// - Parameters:
    ///   - head: the head; gets the storage of the response's last fields.
    ///   - requestMethod: the method of the request that is answered.
    ///   - response: receives it.
    /// - Throws: `ParseError` if the head is malformed or exceeds a limit.
    package mutating func adopt(
        _ head: inout HeadFields, requestMethod: Method, into response: inout Response
    ) throws(ParseError) {
        response.reset()
        response.version = .http2
        response.status = head.status
        swap(&response.fields, &head.fields)
        guard (100...599).contains(head.status) else { throw .malformedStatusLine }
        if head.isTooLarge { throw .headTooLarge }
        try response.fields.checkForm()
        let length = try MessageFraming(fields: response.fields, version: .http2).length
        switch head.status {
        case 100..<200, 204: return
        case 304: response.declaredLength = length
        default:
            response.declaredLength = length
            if requestMethod == .head { return }
            guard head.isComplete else {
                response.framing = length.map { .length($0) } ?? .chunked
                return
            }
            guard length ?? 0 == 0 else { throw .incompleteBody }
            response.framing = .length(0)
        }
    }
}
