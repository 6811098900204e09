import Bytes
import HTTP

/// The head of a request that came over HTTP/2, as a parser of the given limits reads it.
///
/// - Parameters:
///   - pseudo: pseudo-fields in the place of those of `GET https://a/b`; an empty value leaves one away.
///   - fields: the fields.
///   - isComplete: whether no content follows.
///   - limits: how large a head may be.
/// - Returns: the request.
/// - Throws: what the parser throws.
func readStreamRequest(
    _ pseudo: [String: String] = [:], _ fields: [(String, String)] = [], isComplete: Bool = true,
    limits: MessageLimits = MessageLimits()
) throws(ParseError) -> Shared<Request> {
    var head = HeadFields()
    head.method = Array((pseudo[":method"] ?? "GET").utf8)
    head.scheme = Array((pseudo[":scheme"] ?? "https").utf8)
    head.authority = Array((pseudo[":authority"] ?? "a").utf8)
    head.path = Array((pseudo[":path"] ?? "/b").utf8)
    head.protocolName = Array((pseudo[":protocol"] ?? "").utf8)
    head.isComplete = isComplete
    for (name, value) in fields { head.fields.append(name: name.utf8.span, value: value.utf8.span) }
    var parser = RequestParser(limits: limits, defaultPort: 443)
    var request = Request()
    try parser.adopt(&head, into: &request)
    return Shared(request)
}

/// The head of a response that came over HTTP/2.
func readStreamResponse(
    _ status: Int, _ fields: [(String, String)] = [], isComplete: Bool = false, to method: HTTP.Method = .get
) throws(ParseError) -> (framing: BodyFraming, declaredLength: Int?) {
    var head = HeadFields()
    head.status = status
    head.isComplete = isComplete
    for (name, value) in fields { head.fields.append(name: name.utf8.span, value: value.utf8.span) }
    var parser = ResponseParser(limits: MessageLimits())
    var response = Response()
    try parser.adopt(&head, requestMethod: method, into: &response)
    return (response.framing, response.declaredLength)
}
