import Bytes
import Configuration
import StrictJSON
import Testing

@Suite("configuration.md, promise 2: nothing in a file of tests is ignored")
struct PolicyTestReadingTests {
    private let words = PolicyTestWords(
        decisions: ["allow", "deny", "undecided", "reject"], reasons: ["allowed", "no_token", "insufficient_scope"])

    private func read(_ text: String) throws(ConfigurationErrors) -> [PolicyTest] {
        try PolicyTest.read(Array(text.utf8), file: "tests.json", words: words, surroundings: .fixed)
    }

    /// A file with one test, whose request has these keys besides.
    private func file(request: String = "", expect: String = #""decision": "deny""#) -> String {
        """
        { "tests": [
          { "name": "one", "request": { "method": "GET", "target": "/a"\(request) }, "expect": { \(expect) } } ] }
        """
    }

    private func mistake(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return error.errors.map(\.summary).joined(separator: "\n")
        }
    }

    @Test("a whole test is read")
    func whole() throws {
        let tests = try read(
            file(
                request: #", "host": "a.test", "scopes": ["a"], "roles": [], "issuer": "main""#,
                expect: #""decision": "deny", "reason": "no_token", "status": 401, "route": "r", "upstream_path": "/x""#
            ))
        let test = try #require(tests.first)
        #expect(test.name == "one")
        #expect(test.line == 2)
        #expect(test.request.host == "a.test")
        guard case .granted(let scopes, let roles, let issuer) = test.request.credential else {
            Issue.record("no scopes")
            return
        }
        #expect((scopes, roles, issuer) == (["a"], [], "main"))
        #expect(test.expectation.status == 401)
        #expect(test.expectation.upstreamPath == "/x")
    }

    @Test(
        "each form of credential",
        arguments: [
            ("", "none"), (#", "token": "abc""#, "token abc"), (#", "token": {"env": "PORT"}"#, "token 9000"),
            (#", "claims": {"sub": "a"}"#, "claims sub"), (#", "scopes": []"#, "granted"),
            (#", "roles": []"#, "granted"),
            (#", "issuer": "main""#, "granted"),
        ])
    func credentials(request: String, expected: String) throws {
        let credential = try #require(read(file(request: request)).first).request.credential
        let text =
            switch credential {
            case .none: "none"
            case .token(let token): "token " + String(decoding: token, as: UTF8.self)
            case .claims(let members): "claims " + members.map(\.name).joined()
            case .granted: "granted"
            }
        #expect(text == expected)
    }

    @Test("mistakes are told with their place and what was meant")
    func mistakes() {
        #expect(mistake("{}") == #"tests.json:1:1: "tests" is missing"#)
        #expect(mistake(#"{ "tests": [] }"#) == "tests.json:1:12: this list must not be empty")
        #expect(
            mistake(file(request: #", "scope": []"#))
                == #"tests.json:2:66: unknown key "scope"; did you mean "scopes"?"#)
        #expect(
            mistake(file(expect: #""decision": "alow""#))?.hasSuffix(#"not "alow"; did you mean "allow"?"#) == true)
        #expect(mistake(file(expect: #""decision": "deny", "reason": "no_tokens""#))?.contains("no_token") == true)
        #expect(mistake(file(expect: #""decision": "deny", "status": 99"#))?.contains("out of range") == true)
        #expect(mistake(file(expect: "")) == #"tests.json:2:78: "decision" is missing"#)
        #expect(
            mistake(file(request: #", "token": "a", "roles": ["b"]"#))
                == #"tests.json:2:80: "roles" cannot stand beside "token": a request has one credential"#)
        #expect(mistake(file(request: #", "host": "a\r\nX: y""#))?.contains("must not hold a line end") == true)
        #expect(mistake(file(request: #", "claims": []"#))?.contains("expected an object, not a list") == true)
        #expect(mistake(file(request: #", "token": {"env": "UNSET"}"#))?.contains("is not set") == true)
        #expect(mistake(file(request: #", "token": "a\r\nX: y""#))?.contains("a token has no spaces") == true)
        #expect(mistake(#"{ "tests": [1] }"#) == "tests.json:1:13: expected an object, not the number 1")
    }

    @Test("two tests of one name")
    func sameName() {
        let test = #"{ "name": "a", "request": { "method": "GET", "target": "/" }, "expect": { "decision": "deny" } }"#
        #expect(
            mistake("{ \"tests\": [\n\(test),\n\(test)] }") == "tests.json:3:11: the test on line 2 has this name")
    }

    @Test(
        "no excerpt shows a token",
        arguments: [
            #"{ "tests": [{ "name": "a", "request": { "token": "hunter22" "#,
            #"{ "tests": [{ "name": "a", "request": { "token": "hunter22", "x": 1 } }] }"#,
            #"{ "tests": [{ "name": "a", "name": "b", "request": { "token": "hunter22", "token": "hunter22" } }] }"#,
            #"{ "tests": [{ "nam": 1, "request": { "token": {"value": "hunter22"} } }] }"#,
        ])
    func noToken(text: String) throws {
        let error = #expect(throws: ConfigurationErrors.self) { try read(text) }
        #expect(try #require(error).description.contains("hunter22") == false)
    }
}
