import HTTP
import Testing

@Suite("RFC 9112 section 7: Transfer Codings")
struct Section7TransferCodingTests {
    @Test(
        "Chunks are joined; what follows the last belongs to the next message",
        arguments: [
            ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET", "hello world"), ("0\r\n\r\nGET", ""),
            ("0000000000000000000005\r\nhello\r\n000\r\n\r\nGET", "hello"),
            ("a\r\n0123456789\r\n0\r\n\r\nGET", "0123456789"),
            ("5;a\r\nhello\r\n0;b=c;d=\"e;\\\"f\"\r\n\r\nGET", "hello"),
            ("5 ; a ; b = c\r\nhello\r\n0\r\n\r\nGET", "hello"),
        ])
    func chunks(body: String, data: String) throws {
        #expect(try decodeBody(body) == DecodedBody(data: data, isComplete: true, rest: 3))
    }

    @Test(
        "Malformed chunks are refused",
        arguments: [
            ("\r\n", ParseError.invalidChunkSize), ("g\r\n", .invalidChunkSize), ("-1\r\n", .invalidChunkSize),
            ("+1\r\n", .invalidChunkSize), ("0x1\r\n", .invalidChunkSize), (" 1\r\n", .invalidChunkSize),
            ("1 \r\na", .invalidChunkSize), ("1 1\r\n", .invalidChunkSize), ("1\na", .bareLineFeed),
            ("1\r1", .bareCarriageReturn),
            ("1\r\nab", .missingChunkEnd), ("1\r\na\n", .missingChunkEnd), ("1\r\na\rb", .missingChunkEnd),
            ("10000000000000000\r\n", .chunkTooLarge), ("ffffffffffffffff\r\n", .chunkTooLarge),
            ("1;\r\na", .invalidChunkExtension), ("1;a\n", .bareLineFeed), ("1;a\rb", .bareCarriageReturn),
            ("1;a=\"b\r\n", .invalidChunkExtension), ("1;a\0\r\n", .invalidChunkExtension),
        ])
    func malformed(body: String, error: ParseError) {
        #expect(throws: error) { try decodeBody(body) }
    }

    @Test("Chunk extensions are read up to a limit")
    func extensionLimits() {
        var limits = MessageLimits()
        limits.chunkLine = 20
        #expect(throws: ParseError.chunkExtensionsTooLarge) {
            try decodeBody("1;" + String(repeating: "a", count: 30), limits: limits)
        }
        limits.chunkExtensions = 10
        #expect(throws: ParseError.chunkExtensionsTooLarge) {
            try decodeBody("1;aaaaaa\r\nb\r\n1;aaaaaaa\r\nb\r\n", limits: limits)
        }
    }

    @Test("Trailers are kept unless they would change what the head has said")
    func trailers() throws {
        let body =
            "0\r\nDigest: a\r\nContent-Length: 1\r\nHost: b\r\nAuthorization: c\r\nX-Forwarded-For: d\r\n"
            + "Transfer-Encoding: e\r\nX_Digest: f\r\nX-Sum:g\r\n\r\n"
        #expect(try decodeBody(body).trailers == "Digest: a\r\nX-Sum: g\r\n")
    }

    @Test(
        "Trailers follow the rules of fields",
        arguments: [
            ("0\r\nA : b\r\n\r\n", ParseError.whitespaceBeforeColon), ("0\r\nA: b\n\r\n", .bareLineFeed),
            ("0\r\nA: b\r\n c\r\n\r\n", .lineFolding), ("0\r\n\n", .bareLineFeed),
        ])
    func malformedTrailers(body: String, error: ParseError) {
        #expect(throws: error) { try decodeBody(body) }
    }

    @Test("Trailers do not outlive their body", arguments: [BodyFraming.chunked, .untilClose, .length(1), .none])
    func trailersOfAnotherBody(framing: BodyFraming) throws {
        var decoder = BodyDecoder(framing: .chunked, limits: MessageLimits())
        let body = Array("0\r\nDigest: a\r\n\r\n".utf8)
        while !decoder.isComplete { _ = try decoder.next(body.span) }
        #expect(decoder.trailers.count == 1)
        decoder.begin(framing)
        #expect(decoder.trailers.isEmpty == true)
    }

    @Test("A trailer section beyond the limit is 431")
    func trailerLimit() {
        var limits = MessageLimits()
        limits.trailerSection = 32
        #expect(throws: ParseError.trailersTooLarge) {
            try decodeBody("0\r\nA: " + String(repeating: "b", count: 40) + "\r\n\r\n", limits: limits)
        }
    }

    @Test("What is written can be read back")
    func writing() throws {
        var trailers = Fields()
        trailers.append(name: Array("Digest".utf8).span, value: Array("a".utf8).span)
        var body: [UInt8] = []
        body.appendChunkHeader(size: 26)
        body += Array("abcdefghijklmnopqrstuvwxyz\r\n".utf8)
        body.appendLastChunk(trailers: trailers)
        let text = String(decoding: body, as: UTF8.self)
        #expect(text == "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nDigest: a\r\n\r\n")
        #expect(try decodeBody(text).trailers == "Digest: a\r\n")
    }
}
