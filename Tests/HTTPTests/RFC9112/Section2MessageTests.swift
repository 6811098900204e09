import HTTP
import Testing

@Suite("RFC 9112 section 2: Message")
struct Section2MessageTests {
    @Test(
        "CRLF ends lines; LF or CR alone is refused",
        arguments: [
            ("GET / HTTP/1.1\nHost: a\n\n", ParseError.bareLineFeed),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", .bareCarriageReturn),
            ("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", .bareCarriageReturn),
            ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
        ])
    func lineEnds(head: String, error: ParseError) {
        #expect(throws: error) { try readRequest(head) }
    }

    @Test("Empty lines before a request are skipped, up to a limit")
    func emptyLines() throws {
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(try readRequest("\r\n\r\n" + request)?.head.method == .get)
        #expect(throws: ParseError.tooManyEmptyLines) {
            try readRequest(String(repeating: "\r\n", count: 9) + request)
        }
    }

    @Test("Empty lines do not begin a head, the first byte of a method does")
    func begin() throws {
        var parser = RequestParser(limits: MessageLimits())
        var request = Request()
        #expect(try parser.parse(Array("\r\n".utf8).span, into: &request) == nil)
        #expect(parser.hasBegun == false)
        #expect(try parser.parse(Array("\r\nG".utf8).span, into: &request) == nil)
        #expect(parser.hasBegun == true)
    }

    @Test("A parser is ready for the next head and says how long the last was")
    func pipelining() throws {
        let first = "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
        let bytes = Array((first + "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n").utf8)
        var parser = RequestParser(limits: MessageLimits())
        var request = Request()
        let length = try parser.parse(bytes.span, into: &request)
        #expect(length == first.utf8.count)
        #expect(request.fields.count == 2)
        #expect(try parser.parse(bytes.span.extracting(first.utf8.count...), into: &request) != nil)
        #expect(request.target.path == Array("/2".utf8))
        #expect(request.fields.count == 1)
    }

    @Test("A head that is incomplete or refused shows nothing of the last, nor fields without their bytes")
    func reuse() throws {
        var parser = RequestParser(limits: MessageLimits())
        var request = Request()
        _ = try parser.parse(Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span, into: &request)
        #expect(try parser.parse(Array("PUT".utf8).span, into: &request) == nil)
        #expect(describe(request) == "GET  http11  none true false false ")
        #expect(try parser.parse(Array("PUT /2 HTTP/1.1\r\nA: b\r\n".utf8).span, into: &request) == nil)
        #expect(request.target.path.text == "/2")
        #expect(request.fields.isEmpty == true)
        #expect(throws: ParseError.missingColon) {
            try parser.parse(Array("PUT /2 HTTP/1.1\r\nA: b\r\nC\r\n".utf8).span, into: &request)
        }
        #expect(request.fields.isEmpty && request.fields.value(of: .host) == nil)
    }

    @Test("A higher minor version is read as HTTP/1.1")
    func minorVersion() throws {
        #expect(try readRequest(withFields(version: "HTTP/1.2"))?.head.version == .http11)
        #expect(try readRequest(withFields(version: "HTTP/1.0"))?.head.version == .http10)
    }

    @Test("Other major versions are 505", arguments: ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0"])
    func majorVersion(version: String) {
        #expect(throws: ParseError.unsupportedVersion) { try readRequest(withFields(version: version)) }
        #expect(ParseError.unsupportedVersion.rejection.status == 505)
    }

    @Test(
        "A malformed version is 400", arguments: ["http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.10", "HTTP1.1", "HTTP/1,1"])
    func malformedVersion(version: String) {
        #expect(throws: ParseError.malformedVersion) { try readRequest(withFields(version: version)) }
    }

    @Test(
        "What cannot become a request line is refused before its end has arrived",
        arguments: [
            ("\u{16}\u{3}\u{1}", ParseError.controlCharacter), ("{", .invalidMethod), (" GET", .invalidMethod),
            ("get / ", .invalidMethod), ("PRI * HTTP/2", .unsupportedVersion), ("GET / HTTP/1!", .malformedVersion),
        ])
    func early(bytes: String, error: ParseError) {
        #expect(throws: error) { try readRequest(bytes) }
    }
}
