import Testing

@testable import TokenEndpoint

@Suite("RFC 6749 Appendix B: forms")
struct FormTests {
    static func parse(_ text: [UInt8], splitAt split: Int = 0) throws -> Form {
        var parser = FormParser()
        try parser.consume(text.span.extracting(0..<split))
        try parser.consume(text.span.extracting(split..<text.count))
        return try parser.finish()
    }

    @Test("A form means the same wherever it is split")
    func splits() throws {
        let text = Array("grant_type=password&username=j%C3%B6rg+b&password=a%26b%3Dc%25=&scope=&x&&%6eame=1".utf8)
        for split in 0...text.count {
            let form = try Self.parse(text, splitAt: split)
            #expect(try form.text(of: "grant_type") == "password")
            #expect(try form.text(of: "username") == "jörg b")
            #expect(try form.text(of: "password") == "a&b=c%=")
            #expect(try form.text(of: "scope") == nil)
            #expect(try form.text(of: "x") == nil)
            #expect(try form.text(of: "name") == "1")
            #expect(try form.text(of: "absent") == nil)
        }
    }

    @Test(
        "Escapes that are none are refused wherever the form is split",
        arguments: ["a=%", "a=%4", "a=%4g", "a=%g4", "%=1", "a=%&b=2", "a=%4&b=2", "a=%%41"])
    func refusesEscapes(text: String) {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            #expect(throws: TokenEndpointError.invalidRequest(.malformedForm)) {
                _ = try Self.parse(bytes, splitAt: split)
            }
        }
    }

    @Test(
        "§3.2: a parameter must not stand twice", arguments: ["a=1&a=1", "a=1&b=2&a=3", "a&a", "a=1&%61=2", "x=&x=1"])
    func refusesRepetition(text: String) {
        #expect(throws: TokenEndpointError.invalidRequest(.repeatedParameter)) { _ = try Self.parse(Array(text.utf8)) }
    }

    @Test("A value that is not UTF-8 is no text, but may be a password")
    func invalidUTF8() throws {
        let form = try Self.parse(Array("username=%ff&password=%ff".utf8))
        #expect(throws: TokenEndpointError.invalidRequest(.malformedForm)) { _ = try form.text(of: "username") }
        #expect(form.bytes(of: "password") == [0xFF])
    }

    @Test("A form has a bound")
    func bound() throws {
        let names = (0..<64).map { "n\($0)=1" }
        _ = try Self.parse(Array(names.joined(separator: "&").utf8))
        #expect(throws: TokenEndpointError.invalidRequest(.malformedForm)) {
            _ = try Self.parse(Array((names + ["one=more"]).joined(separator: "&").utf8))
        }
    }
}
