import TestSupport
import Testing

@testable import Gateway

@Suite("configuration.md: grant and token_type of an issuer")
struct IssuerSettingsTests {
    private static let route = #"{ "id": "read", "path": "/", "scopes": ["read"] }"#

    @Test(
        "an issuer's grant goes before that of all",
        arguments: [("", "read"), (#", "grant": "token""#, "insufficient_scope"), (#", "grant": "roles""#, "read")])
    func grant(keys: String, expected: String) throws {
        let decisions = try DecisionHarness(routes: Self.route, issuer: keys)
        let token = try decisions.mint.token(TokenMint.claims(#""roles":["reader"]"#))
        #expect(try decisions.outcome("/", token: token).route == expected)
    }

    @Test(
        "a token of another type is refused",
        arguments: [("", "read"), (#", "token_type": "at+jwt""#, "wrong_type"), (#", "token_type": "JWT""#, "read")])
    func tokenType(keys: String, expected: String) throws {
        let decisions = try DecisionHarness(routes: Self.route, issuer: keys)
        let token = try decisions.mint.token(TokenMint.claims(#""scope":"read""#))
        #expect(try decisions.outcome("/", token: token).route == expected)
    }
}
