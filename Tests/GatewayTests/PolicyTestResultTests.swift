import JOSE
import StrictJSON
import TestSupport
import Testing

@testable import Configuration
@testable import Gateway

@Suite("A request and what is expected of it")
struct PolicyTestResultTests {
    private let explainer: Explainer

    init() throws {
        let keys = try TokenMint().key.publicKeySet()
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0" }], "scopes": { "read": "R" },
              "issuers": { "main": { "issuer": "https://issuer.test", "audience": "any", "algorithms": ["ES256"],
                "keys": { "jwks_file": "keys.json" } } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"] } }, "route_defaults": { "upstream": "u" },
              "routes": [{ "id": "read", "path": "/items/{id}", "scopes": ["read"] }] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(keys) })
        explainer = try Explainer(
            GatewayConfiguration.read(Array(text.utf8), file: "gateway.json", surroundings: surroundings))
    }

    private func result(
        _ expectation: PolicyTest.Expectation, _ credential: SupposedRequest.Credential = .none
    ) throws -> PolicyTestResult {
        let request = SupposedRequest(method: "GET", target: "/items/it's", host: "a.test", credential: credential)
        let test = PolicyTest(name: "a\u{7}b", line: 7, request: request, expectation: expectation)
        return PolicyTestResult(test, try explainer.outcome(of: request, now: TokenMint.now))
    }

    @Test("what is not said does not matter")
    func passes() throws {
        #expect(try result(.init(decision: "deny")).hasPassed)
        let whole = PolicyTest.Expectation(decision: "deny", reason: "no_token", status: 401, route: "read")
        #expect(try result(whole).hasPassed)
        let allowed = PolicyTest.Expectation(decision: "allow", reason: "allowed", upstreamPath: "/items/it's")
        #expect(try result(allowed, .granted(scopes: ["read"], roles: [], issuer: nil)).hasPassed)
    }

    @Test(
        "each difference fails",
        arguments: [
            PolicyTest.Expectation(decision: "allow"), .init(decision: "deny", reason: "expired"),
            .init(decision: "deny", status: 403), .init(decision: "deny", route: "write"),
            .init(decision: "deny", upstreamPath: "/items/it's"),
        ])
    func fails(expectation: PolicyTest.Expectation) throws {
        #expect(try !result(expectation).hasPassed)
    }

    @Test("a failure says what was expected, what came, and how to have it explained")
    func text() throws {
        let expectation = PolicyTest.Expectation(decision: "allow", route: "read", upstreamPath: "/x")
        #expect(
            try result(expectation, .claims([])).text(file: "tests.json", configuration: "my gateway.json") == #"""
                tests.json:7: FAILED a\u0007b
                    decision: expected "allow", got "deny"
                    upstream_path: expected "/x", got none
                    reason: required_claim: Could not validate credentials
                    gateway explain GET '/items/it'\''s' --config 'my gateway.json' --host a.test --claims '{}'
                """#)
    }

    @Test("the command line shows no token")
    func noToken() throws {
        let text = try result(.init(decision: "allow"), .token(Array("hunter22".utf8)))
            .text(file: "tests.json", configuration: "gateway.json")
        #expect(text.hasSuffix("--token -"))
        #expect(!text.contains("hunter22"))
    }
}
