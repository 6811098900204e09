import Bytes
import HTTP
import Testing

@Suite("RFC 9110 section 7: Routing")
struct Section7RoutingTests {
    private func read(host: String, version: String = "HTTP/1.1") throws -> Shared<Request>? {
        try readRequest("GET / \(version)\r\nHost: \(host)\r\n\r\n")
    }

    @Test(
        "Hosts are in lower case, without trailing dot and default port",
        arguments: [
            ("Gateway.TEST", "gateway.test", "gateway.test"), ("gateway.test.", "gateway.test", "gateway.test"),
            ("gateway.test:80", "gateway.test", "gateway.test"),
            ("gateway.test.:8080", "gateway.test", "gateway.test:8080"),
            ("gateway.test:", "gateway.test", "gateway.test"), ("g%41teway.test", "gateway.test", "gateway.test"),
            ("[2001:DB8::1]:80", "[2001:db8::1]", "[2001:db8::1]"), ("127.0.0.1:1", "127.0.0.1", "127.0.0.1:1"),
            ("a_b.test", "a_b.test", "a_b.test"), ("", "", ""),
        ])
    func canonicalHost(sent: String, name: String, authority: String) throws {
        let host = try #require(try read(host: sent)).head.host
        #expect(host.name.text == name)
        #expect(host.authority.text == authority)
    }

    @Test(
        "Malformed hosts are refused",
        arguments: [
            "a b", "a/b", "a@b", "a..b", ".a", ".", "a:b", "a:65536", "a:0", "a:1:2", "[::1", "[::1]a", "[1]", "[:::1]",
            "[1:2:3:4:5:6:7:8:9]", "[::1%25eth0]", "a,b", "a;b", "a%2fb", "a%", "a\"b", "a#b", "a?b", "a\\b",
            String(repeating: "a", count: 256),
        ])
    func malformedHost(host: String) {
        #expect(throws: ParseError.invalidHost) { try read(host: host) }
    }

    @Test("Host must be there once in HTTP/1.1, and may be missing in HTTP/1.0")
    func presence() throws {
        #expect(throws: ParseError.missingHost) { try readRequest("GET / HTTP/1.1\r\n\r\n") }
        #expect(throws: ParseError.missingHost) { try readRequest("GET http://a/ HTTP/1.1\r\n\r\n") }
        #expect(throws: ParseError.repeatedHost) { try readRequest(withFields("host: gateway.test")) }
        #expect(try readRequest("GET / HTTP/1.0\r\n\r\n")?.head.host.isEmpty == true)
    }

    @Test("Fields for one connection only, and those that Connection names, are told apart")
    func hopByHop() throws {
        let request = try #require(
            try readRequest(
                withFields("Connection: x-a , X-B,close", "X-A: 1", "x-b: 2", "X-C: 3", "Upgrade: h2c", "TE: trailers"))
        )
        let hops = (0..<request.head.fields.count).filter { request.head.fields.isHopByHop(at: $0) }
        #expect(hops == [1, 2, 3, 5, 6])
    }

    @Test("Too many connection options are refused")
    func manyOptions() {
        let options = String(repeating: "a,", count: 101)
        #expect(throws: ParseError.tooManyConnectionOptions) { try readRequest(withFields("Connection: \(options)")) }
    }
}
