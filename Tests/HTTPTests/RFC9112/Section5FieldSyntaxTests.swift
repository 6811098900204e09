import Bytes
import HTTP
import Testing

@Suite("RFC 9112 section 5: Field Syntax")
struct Section5FieldSyntaxTests {
    @Test("Whitespace around a value is not part of it")
    func whitespace() throws {
        let request = try #require(try readRequest(withFields("A:b", "C: \t d \t", "E:", "F: ", "G:  h")))
        #expect(describe(request.head.fields) == "Host: gateway.test\r\nA: b\r\nC: d\r\nE: \r\nF: \r\nG: h\r\n")
    }

    @Test(
        "Malformed lines are refused",
        arguments: [
            ("A : b", ParseError.whitespaceBeforeColon), ("A\t: b", .whitespaceBeforeColon), (" A: b", .lineFolding),
            ("\tA: b", .lineFolding), (": b", .emptyFieldName), ("A", .missingColon), ("A@: b", .invalidFieldName),
            ("Ä: b", .invalidFieldName), ("A: b\0c", .controlCharacter), ("A\0: b", .controlCharacter),
            ("A\u{7}: b", .invalidFieldName), ("A\u{7F}: b", .invalidFieldName), ("A: b\r\n c", .lineFolding),
            ("A: b\u{7}\0c", .controlCharacter), ("A: b\u{7}\nc: d", .bareLineFeed),
            ("A: \u{1}\rb", .bareCarriageReturn),
        ])
    func malformed(line: String, error: ParseError) {
        #expect(throws: error) { try readRequest(withFields(line)) }
    }

    @Test("Bytes that are not ASCII may stand in a value")
    func obsoleteText() throws {
        let request = try #require(
            try readRequest(Array("GET / HTTP/1.0\r\nA: ".utf8) + [0xE9, 0x09, 0xFF] + Array("\r\n\r\n".utf8)))
        #expect(request.head.fields.bytes(at: 0) == [0xE9, 0x09, 0xFF])
    }

    @Test("Control characters other than NUL, CR and LF may stand in a value")
    func controlCharacters() throws {
        let request = try #require(try readRequest(withFields("A: b\u{1}\u{7F}c", "D: \u{1B}[0m")))
        #expect(describe(request.head.fields) == "Host: gateway.test\r\nA: b\u{1}\u{7F}c\r\nD: \u{1B}[0m\r\n")
    }

    @Test("A section beyond the limits is 431")
    func limits() throws {
        var limits = MessageLimits()
        limits.fieldCount = 3
        limits.fieldSection = 60
        let tooMany = withFields("A: b", "A: b", "A: b")
        let tooLarge = withFields("A: " + String(repeating: "b", count: 60))
        #expect(throws: ParseError.tooManyFields) { try readRequest(tooMany, limits: limits) }
        #expect(throws: ParseError.headTooLarge) { try readRequest(tooLarge, limits: limits) }
        #expect(throws: ParseError.headTooLarge) { try readRequest(String(tooLarge.dropLast(4)), limits: limits) }
        #expect(try readRequest(withFields("A: b", "A: b"), limits: limits) != nil)
        #expect(ParseError.headTooLarge.rejection.status == 431)
        #expect(ParseError.tooManyFields.rejection.status == 431)
    }

    @Test("Known names are recognised whatever their case, others are not")
    func names() throws {
        let request = try #require(
            try readRequest(withFields("AUTHORIZATION: a", "x-FORWARDED-for: b", "X-Forwarded-Custom: c", "X-Other: d"))
        )
        let known = (0..<request.head.fields.count).map { request.head.fields.known(at: $0) }
        #expect(known == [.host, .authorization, .xForwardedFor, .xForwardedOther, nil])
        #expect(request.head.fields.text(of: .authorization) == "a")
        #expect(request.head.fields.firstIndex(named: Array("x-other".utf8).span) == 4)
    }
}
