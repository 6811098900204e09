import HTTP
import Testing

@Suite("RFC 9110 section 10.1.1: Expect")
struct Section10ExpectTests {
    @Test("100-continue is understood where a body follows")
    func known() throws {
        #expect(try readRequest(withFields("Expect: 100-Continue", "Content-Length: 5"))?.head.expectsContinue == true)
        #expect(try readRequest(withFields("Expect: 100-continue"))?.head.expectsContinue == false)
    }

    @Test("Other expectations are 417", arguments: ["200-ok", "100-continue, a", ""])
    func unknown(value: String) {
        #expect(throws: ParseError.unknownExpectation) { try readRequest(withFields("Expect: \(value)")) }
        #expect(ParseError.unknownExpectation.rejection.status == 417)
    }

    @Test("HTTP/1.0 has no expectations")
    func http10() throws {
        let head = withFields("Expect: 100-continue", "Content-Length: 5", version: "HTTP/1.0")
        #expect(try readRequest(head)?.head.expectsContinue == false)
    }
}
