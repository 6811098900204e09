import HTTP
import Testing

@Suite("RFC 9112 section 6: Message Body")
struct Section6MessageBodyTests {
    @Test(
        "Requests: the fields say how the body ends",
        arguments: [
            ([], BodyFraming.none), (["Content-Length: 0"], .length(0)), (["Content-Length:  0042 "], .length(42)),
            (["Transfer-Encoding: chunked"], .chunked), (["transfer-encoding: CHUNKED"], .chunked),
        ])
    func requests(lines: [String], framing: BodyFraming) throws {
        #expect(
            try readRequest(withFields(lines.joined(separator: "\r\n") + (lines.isEmpty ? "X: y" : "")))?.head.framing
                == framing)
    }

    @Test(
        "Framing that could be read in two ways is refused",
        arguments: [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", ParseError.ambiguousFraming),
            ("Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
            ("Content-Length: 5, 5", .invalidContentLength), ("Content-Length: +5", .invalidContentLength),
            ("Content-Length: -1", .invalidContentLength), ("Content-Length: 0x5", .invalidContentLength),
            ("Content-Length:", .invalidContentLength), ("Content-Length: 1 2", .invalidContentLength),
            ("Content-Length: 9223372036854775808", .invalidContentLength),
            ("Transfer-Encoding: gzip", .unknownTransferCoding),
            ("Transfer-Encoding: gzip, chunked", .unknownTransferCoding),
            ("Transfer-Encoding: chunked, gzip", .unknownTransferCoding),
            ("Transfer-Encoding: identity", .unknownTransferCoding),
            ("Transfer-Encoding: xchunked", .unknownTransferCoding),
            ("Transfer-Encoding: chunked;a=b", .unknownTransferCoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .invalidTransferEncoding),
            ("Transfer-Encoding: chunked, chunked", .invalidTransferEncoding),
            ("Transfer-Encoding:", .invalidTransferEncoding), ("Transfer-Encoding: ,chunked", .invalidTransferEncoding),
        ])
    func ambiguous(lines: String, error: ParseError) {
        #expect(throws: error) { try readRequest(withFields(lines)) }
        #expect(throws: error) { try readResponse("HTTP/1.1 200 OK\r\n\(lines)\r\n\r\n") }
    }

    @Test("A transfer coding in HTTP/1.0 is refused")
    func http10() {
        #expect(throws: ParseError.chunkedInHTTP10) {
            try readRequest(withFields("Transfer-Encoding: chunked", version: "HTTP/1.0"))
        }
    }

    @Test("Unknown codings are 501, everything else about framing is 400")
    func statuses() {
        #expect(ParseError.unknownTransferCoding.rejection.status == 501)
        #expect(ParseError.ambiguousFraming.rejection.rawValue == "bad_request")
    }

    @Test(
        "Responses: status and request method come first",
        arguments: [
            ("204 A\r\nX: y", Method.get, BodyFraming.none), ("304 A\r\nContent-Length: 5", .get, .none),
            ("200 A\r\nContent-Length: 5", .head, .none), ("200 A\r\nTransfer-Encoding: chunked", .head, .none),
            ("103 A\r\nLink: a", .get, .none), ("200 A\r\nContent-Length: 5", .get, .length(5)),
            ("200 A\r\nTransfer-Encoding: chunked", .get, .chunked), ("200 A\r\nX: y", .get, .untilClose),
        ])
    func responses(lines: String, method: HTTP.Method, framing: BodyFraming) throws {
        #expect(try readResponse("HTTP/1.1 \(lines)\r\n\r\n", to: method)?.head.framing == framing)
    }

    @Test("The length that a response to HEAD declares is kept")
    func declaredLength() throws {
        #expect(try readResponse("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", to: .head)?.head.declaredLength == 7)
    }

    @Test("A body of known length ends after so many bytes")
    func knownLength() throws {
        #expect(
            try decodeBody("helloGET", framing: .length(5)) == DecodedBody(data: "hello", isComplete: true, rest: 3))
        #expect(try !decodeBody("hell", framing: .length(5)).isComplete)
    }

    @Test("The end of the connection ends only what lasts until then")
    func end() throws {
        var open = BodyDecoder(framing: .untilClose, limits: MessageLimits())
        try open.end()
        #expect(open.isComplete == true)
        for framing in [BodyFraming.length(1), .chunked] {
            var decoder = BodyDecoder(framing: framing, limits: MessageLimits())
            #expect(throws: ParseError.incompleteBody) { try decoder.end() }
        }
    }

    @Test("A body beyond the maximum is 413")
    func maximum() {
        #expect(throws: ParseError.bodyTooLarge) { try decodeBody("5\r\nhello\r\n0\r\n\r\n", maximumSize: 4) }
        #expect(throws: ParseError.bodyTooLarge) { try decodeBody("hello", framing: .length(5), maximumSize: 4) }
        #expect(ParseError.bodyTooLarge.rejection.status == 413)
    }
}
