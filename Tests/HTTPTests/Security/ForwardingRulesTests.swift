import Bytes
import HTTP
import Testing

@Suite("Rules 5 to 8: which fields cross")
struct ForwardingRulesTests {
    private let rules = ForwardingRules(managedNames: ["X-Auth-Subject"])

    private func forwarded(
        _ lines: String..., rules: ForwardingRules? = nil, forwarding: Bool = false, overrides: Bool = false
    ) throws -> String {
        let head = "GET / HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        let request = try #require(try readRequest(head))
        var output: [UInt8] = []
        let chosen = rules ?? self.rules
        _ = chosen.appendRequestLines(request.head.fields, forwarding: forwarding, overrides: overrides, to: &output)
        for index in 0..<request.head.fields.count {
            let crosses = chosen.requestLineCrosses(
                index, of: request.head.fields, forwarding: forwarding, overrides: overrides)
            var line: [UInt8] = []
            request.head.fields.append(line: index, to: &line)
            #expect(output.text.contains(line.text) == crosses)
        }
        return output.text
    }

    @Test("Ordinary fields cross in order, written in one way")
    func ordinary() throws {
        #expect(try forwarded("A: 1", "B:2", "Connection: x", "C: 3 ", "D: 4") == "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n")
    }

    @Test(
        "Rule 5: managed names never cross, in any spelling",
        arguments: [
            "x-auth-subject: a", "X_Auth_Subject: a", "X-AUTH_SUBJECT: a", "X-Request-Id: a", "X_Request_Id: a",
        ])
    func managed(line: String) throws {
        var passing = rules
        passing.underscoreFields = .pass
        #expect(try forwarded(line) == "")
        #expect(try forwarded(line, rules: passing) == "")
    }

    @Test("Rule 5: names with underscores are dropped and counted, or pass by choice")
    func underscores() throws {
        var passing = rules
        passing.underscoreFields = .pass
        #expect(try forwarded("X_A: b") == "")
        #expect(try forwarded("X_A: b", "Content_Length: 3", rules: passing) == "X_A: b\r\n")
        let request = try #require(try readRequest("GET / HTTP/1.1\r\nHost: a\r\nX_A: b\r\nX-_: c\r\nD: e\r\n\r\n"))
        var output: [UInt8] = []
        #expect(rules.appendRequestLines(request.head.fields, to: &output) == 2)
    }

    @Test("Rule 5: a managed name in Connection is ignored")
    func managedInConnection() throws {
        #expect(
            try forwarded("Connection: X-Forwarded-Prefix, X-A", "X-Forwarded-Prefix: b", "X-A: c", forwarding: true)
                == "X-Forwarded-Prefix: b\r\n")
    }

    @Test("Rule 5: overrides cross only where the route allows them")
    func overrides() throws {
        let lines = ("X-HTTP-Method-Override: DELETE", "X-Original-URL: /admin")
        #expect(try forwarded(lines.0, lines.1) == "")
        #expect(try forwarded(lines.0, lines.1, overrides: true) == "\(lines.0)\r\n\(lines.1)\r\n")
    }

    @Test(
        "Rule 6: forwarding fields cross only from trusted proxies, and not those that are written anew",
        arguments: [
            ("Forwarded: for=a", false), ("X-Forwarded-For: a", false), ("X-Forwarded-Proto: a", false),
            ("X-Forwarded-Host: a", false), ("X-Forwarded-Port: a", false), ("X-Real-IP: a", false),
            ("X-Request-Id: a", false), ("X-Forwarded-Prefix: a", true), ("X-Forwarded-Server: a", true),
            ("X-Forwarded-Anything: a", true),
        ])
    func forwarding(line: String, crosses: Bool) throws {
        #expect(try forwarded(line) == "")
        #expect(try forwarded(line, forwarding: true) == (crosses ? line + "\r\n" : ""))
    }

    @Test(
        "Rule 7: fields that must stand once are refused when repeated",
        arguments: [
            ("Authorization: a\r\nauthorization: a", ParseError.repeatedAuthorization),
            ("DPoP: a\r\nDPoP: b", .repeatedProof), ("X-Request-Id: a\r\nX-Request-Id: b", .repeatedManagedField),
        ])
    func repeated(lines: String, error: ParseError) throws {
        #expect(throws: error) { try readRequest(withFields(lines)) }
        let request = try #require(try readRequest(withFields("X-Auth-Subject: a", "X_Auth_Subject: b")))
        #expect(rules.repeatsManagedName(request.head.fields) == true)
    }

    @Test(
        "Rule 8: fields for one connection only never cross, nor does framing",
        arguments: [
            "Connection: keep-alive", "Keep-Alive: a", "Proxy-Connection: a", "Proxy-Authorization: a", "TE: trailers",
            "Transfer-Encoding: chunked", "Upgrade: h2c", "HTTP2-Settings: a", "Content-Length: 0",
            "Expect: 100-continue",
        ])
    func hopByHop(line: String) throws {
        #expect(try forwarded(line) == "")
    }

    @Test("Rule 12: an upstream cannot set what the gateway owns")
    func responses() throws {
        let response = try #require(
            try readResponse(
                "HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nX-Auth-Subject: b\r\nConnection: x-c\r\nX-C: d\r\n"
                    + "Set-Cookie: e\r\nSet-Cookie: f\r\nContent-Length: 0\r\n\r\n"))
        var output: [UInt8] = []
        rules.appendResponseLines(response.head.fields, to: &output)
        #expect(output.text == "Set-Cookie: e\r\nSet-Cookie: f\r\n")
    }
}
