import Bytes
import HTTP
import Testing

@Suite("Rule 6: what trusted proxies say about a client")
struct Rule6ForwardedRequestTests {
    /// What is made of the fields, which a proxy in 10.0.0.0/8 sent for the host `own.test` of an http listener.
    private func read(_ lines: String...) throws -> (client: String?, fields: String, requestID: String) {
        let head = "GET / HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        let request = try #require(try readRequest(head))
        let ranges = ["10.0.0.0/8", "2001:db8:1::/48"].compactMap { AddressRange($0.utf8.span) }
        let forwarded = ForwardedRequest(request.head.fields) { address in ranges.contains { $0.contains(address) } }
        var output: [UInt8] = []
        let (peer, host) = (Array("10.0.0.5".utf8), Array("own.test".utf8))
        forwarded.appendFields(peer: peer.span, ownScheme: .http, ownHost: host.span, to: &output)
        return (forwarded.clientAddress?.text.text, output.text, forwarded.requestID.text)
    }

    private let own = "X-Forwarded-Proto: http\r\nX-Forwarded-Host: own.test\r\n"

    @Test(
        "client_ip is the rightmost address that is not a trusted proxy",
        arguments: [
            ("203.0.113.9", "203.0.113.9"), ("198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
            ("10.1.1.1 ,10.0.0.7", "10.1.1.1"), ("203.0.113.9:4711", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[2001:db8::9]:443, 2001:db8:1::2", "2001:db8::9"), ("[2001:DB8:0:0::9]", "2001:db8::9"),
            ("203.0.113.9, , ,10.0.0.7,", "203.0.113.9"),
            // An entry that cannot be read ends the walk: what is to the left of it may come from anybody.
            ("203.0.113.9, unknown, 10.0.0.7", "10.0.0.7"), ("203.0.113.9, 1.2.3, 10.0.0.7", "10.0.0.7"),
            ("203.0.113.9, 10.0.0.7:, 10.0.0.8", "10.0.0.8"), ("203.0.113.9, [10.0.0.7], 10.0.0.8", "10.0.0.8"),
            ("203.0.113.9, 10.0.0.7:65536, 10.0.0.8", "10.0.0.8"), ("10.0.0.7, [::1, 10.0.0.8", "10.0.0.8"),
            ("10.0.0.7, fe80::1%eth0, 10.0.0.8", "10.0.0.8"), ("203.0.113.9, nonsense", nil), (" , ", nil),
        ] as [(String, String?)])
    func addresses(value: String, client: String?) throws {
        #expect(try read("X-Forwarded-For: \(value)").client == client)
    }

    @Test("the peer is appended, and lines are joined in order")
    func chain() throws {
        #expect(try read().fields == "X-Forwarded-For: 10.0.0.5\r\n" + own)
        let joined = try read(
            "X-Forwarded-For: 198.51.100.1", "x-forwarded-for:", "X-FORWARDED-FOR: 203.0.113.9, 10.0.0.7")
        #expect(joined.client == "203.0.113.9")
        #expect(joined.fields == "X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.0.0.7, 10.0.0.5\r\n" + own)
    }

    @Test("scheme, host and port are believed if they can be what they say")
    func believed() throws {
        let good = try read(
            "X-Forwarded-Proto: HTTPS", "X-Forwarded-Host: API.example.com:8443", "X-Forwarded-Port: 8443")
        #expect(
            good.fields == "X-Forwarded-For: 10.0.0.5\r\nX-Forwarded-Proto: https\r\n"
                + "X-Forwarded-Host: api.example.com:8443\r\nX-Forwarded-Port: 8443\r\n")
        let bad = try read("X-Forwarded-Proto: gopher", "X-Forwarded-Host: a, b", "X-Forwarded-Port: 99999")
        #expect(bad.fields == "X-Forwarded-For: 10.0.0.5\r\n" + own)
        let empty = try read("X-Forwarded-Proto:", "X-Forwarded-Host:", "X-Forwarded-Port:")
        #expect(empty.fields == "X-Forwarded-For: 10.0.0.5\r\n" + own)
    }

    @Test("X-Real-IP is written anew where one was sent, so that it does not contradict")
    func realIP() throws {
        #expect(try read("X-Real-IP: 6.6.6.6").fields.hasSuffix("X-Real-IP: 10.0.0.5\r\n"))
        let both = try read("X-Real-IP: 6.6.6.6", "X-Forwarded-For: 203.0.113.9")
        #expect(both.fields.hasSuffix("X-Real-IP: 203.0.113.9\r\n"))
    }

    @Test(
        "an identifier of a request is believed if it is short and safe",
        arguments: [
            ("01JD-abc_DEF.~:+/=@9", true), (String(repeating: "a", count: 128), true),
            (String(repeating: "a", count: 129), false), ("", false), ("a b", false), ("a\"b", false), ("a,b", false),
            ("a\u{E9}", false), ("a;b", false), ("<a>", false),
        ])
    func requestID(value: String, isBelieved: Bool) throws {
        #expect(try read("X-Request-Id: \(value)").requestID == (isBelieved ? value : ""))
    }

    @Test("RFC 7239: Forwarded is folded into X-Forwarded-*, from the client that was found on")
    func forwarded() throws {
        let result = try read(
            "Forwarded: for=198.51.100.1;proto=http;host=evil.test, For=\"[2001:db8::9]:4711\" ; Proto=https;by=_x;"
                + "host=\"Api.example.com\", for=10.0.0.7;proto=http")
        #expect(result.client == "2001:db8::9")
        #expect(
            result.fields == "X-Forwarded-For: 2001:db8::9, 10.0.0.7, 10.0.0.5\r\nX-Forwarded-Proto: https\r\n"
                + "X-Forwarded-Host: api.example.com\r\n")
        let lines = try read("Forwarded: for=203.0.113.9", "forwarded: for=10.0.0.7, ,")
        #expect(lines.fields == "X-Forwarded-For: 203.0.113.9, 10.0.0.7, 10.0.0.5\r\n" + own)
    }

    @Test(
        "RFC 7239 section 6: hidden and unknown nodes end the walk", arguments: ["_hidden", "unknown", "\"_a:_b\""])
    func hidden(node: String) throws {
        let result = try read("Forwarded: for=203.0.113.9, for=\(node), for=10.0.0.7")
        #expect(result.client == "10.0.0.7")
        #expect(result.fields == "X-Forwarded-For: 10.0.0.7, 10.0.0.5\r\n" + own)
    }

    @Test(
        "RFC 7239 section 4: a malformed Forwarded is not believed in any part",
        arguments: [
            "for=203.0.113.9;for=10.0.0.7", "for=_a;for=203.0.113.9", "for=\"203.0.113.9", "for", "for=", "=a",
            "for=203.0.113.9 proto=https",
            "for=\"203.0.113\\.9\"", "for =203.0.113.9", "for=[2001:db8::9]", "for=203.0.113.9;proto=gopher",
            "for=203.0.113.9;host=\"a b\"", "for=203.0.113.9, for=\"", "for=\"203.0.113.9\"x",
        ])
    func malformed(value: String) throws {
        let result = try read("Forwarded: for=198.51.100.1", "Forwarded: \(value)")
        #expect(result.client == nil)
        #expect(result.fields == "X-Forwarded-For: 10.0.0.5\r\n" + own)
    }

    @Test("where X-Forwarded-For is there, Forwarded says nothing")
    func precedence() throws {
        let result = try read("Forwarded: for=6.6.6.6;proto=https;host=evil.test", "X-Forwarded-For: 203.0.113.9")
        #expect(result.client == "203.0.113.9")
        #expect(result.fields == "X-Forwarded-For: 203.0.113.9, 10.0.0.5\r\n" + own)
    }

    @Test(
        "RFC 5952 section 4: addresses are written in one way",
        arguments: [
            ("2001:DB8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::", "::"),
            ("1::", "1::"), ("::1", "::1"), ("0:0:1::", "0:0:1::"), ("::ffff:1.2.3.4", "1.2.3.4"),
            ("0.0.0.0", "0.0.0.0"),
        ])
    func text(written: String, text: String) throws {
        let address = IPAddress(written.utf8.span)
        #expect(address?.text.text == text)
    }
}
