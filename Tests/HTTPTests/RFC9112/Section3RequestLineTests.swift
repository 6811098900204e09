import Bytes
import HTTP
import Testing

@Suite("RFC 9112 section 3: Request Line")
struct Section3RequestLineTests {
    private func read(_ line: String) throws -> Shared<Request>? {
        try readRequest(line + "\r\nHost: gateway.test\r\n\r\n")
    }

    @Test("Method, target and version are told apart")
    func words() throws {
        let request = try #require(try read("DELETE /items/7?force=1 HTTP/1.1"))
        #expect(request.head.method == .delete)
        #expect(request.head.target.path.text == "/items/7")
        #expect(request.head.target.query.text == "?force=1")
    }

    @Test("Several spaces between the words are one; none may stand at the ends")
    func spaces() throws {
        #expect(try read("GET   /a   HTTP/1.1")?.head.target.path.text == "/a")
        #expect(throws: ParseError.malformedVersion) { try read("GET / HTTP/1.1 ") }
        #expect(throws: ParseError.malformedRequestLine) { try read("GET / ") }
        #expect(throws: ParseError.malformedRequestLine) { try read("GET  HTTP/1.1") }
        #expect(throws: ParseError.malformedVersion) { try read("GET /a b HTTP/1.1") }
        #expect(throws: ParseError.invalidMethod) { try read("GET\t/ HTTP/1.1") }
    }

    @Test("A method is a token in upper case; unknown ones pass")
    func methods() throws {
        #expect(try read("PURGE / HTTP/1.1")?.head.method == .other("PURGE"))
        #expect(throws: ParseError.invalidMethod) { try read("G@T / HTTP/1.1") }
        #expect(throws: ParseError.invalidMethod) { try read("delete / HTTP/1.1") }
        #expect(throws: ParseError.methodTooLong) { try read(String(repeating: "A", count: 65) + " / HTTP/1.1") }
    }

    @Test("CONNECT and TRACE are not implemented; a malformed authority is 400")
    func connect() {
        #expect(throws: ParseError.methodNotImplemented) { try read("CONNECT a.test:443 HTTP/1.1") }
        #expect(throws: ParseError.invalidTarget) { try read("CONNECT /a HTTP/1.1") }
        #expect(throws: ParseError.methodNotImplemented) { try read("TRACE / HTTP/1.1") }
    }

    @Test(
        "In absolute form the authority wins over Host",
        arguments: [
            ("http://Other.Test/a?b", "/a?b", "other.test"), ("HTTP://other.test:80", "/", "other.test"),
            ("https://other.test:443?q", "/?q", "other.test"), ("http://other.test:8080/", "/", "other.test:8080"),
            ("http://user:pw@other.test/", "/", "other.test"),
        ])
    func absoluteForm(target: String, forwarded: String, host: String) throws {
        let request = try #require(try read("GET \(target) HTTP/1.1"))
        var sent: [UInt8] = []
        request.head.target.append(to: &sent)
        #expect(sent.text == forwarded)
        #expect(request.head.host.authority.text == host)
        #expect(request.head.target.form == .absolute)
    }

    @Test("The asterisk is for OPTIONS only")
    func asterisk() throws {
        #expect(try read("OPTIONS * HTTP/1.1")?.head.target.form == .asterisk)
        #expect(try read("OPTIONS http://a.test HTTP/1.1")?.head.target.path.text == "*")
        #expect(throws: ParseError.invalidTarget) { try read("GET * HTTP/1.1") }
    }

    @Test("Other targets are refused", arguments: ["a", "ftp://a/", "http:///a", "http://a@b@c/", "?a"])
    func otherTargets(target: String) {
        #expect(throws: ParseError.self) { try read("GET \(target) HTTP/1.1") }
    }

    @Test("A target beyond the limit is 414, before its end has arrived")
    func tooLong() {
        let target = "/" + String(repeating: "a", count: 9000)
        #expect(throws: ParseError.targetTooLong) { try read("GET \(target) HTTP/1.1") }
        #expect(throws: ParseError.targetTooLong) { try readRequest("GET \(target)") }
        #expect(ParseError.targetTooLong.rejection.status == 414)
    }

    @Test(
        "Control characters and bytes that are not ASCII have no place in a target",
        arguments: [
            Array("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n".utf8), Array("GET /é HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
            Array("GET /?é HTTP/1.1\r\nHost: a\r\n\r\n".utf8), Array("GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
        ])
    func characters(head: [UInt8]) {
        #expect(throws: ParseError.self) { try readRequest(head) }
    }
}
