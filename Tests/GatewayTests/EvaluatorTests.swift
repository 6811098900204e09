import TestSupport
import Testing

@testable import Gateway

@Suite("architecture.md: match, authenticate, authorize")
struct EvaluatorTests {
    private let decisions: DecisionHarness

    init() throws {
        decisions = try DecisionHarness(
            routes: """
                { "id": "public", "path": "/public/{rest...}", "public": true },
                { "id": "any", "path": "/any", "methods": ["GET"], "authenticated": true },
                { "id": "read", "path": "/items/{id}", "methods": ["GET"], "scopes": ["read", "list"] },
                { "id": "slashes", "path": "/files/{name}", "public": true, "allow": ["encoded_slash"] },
                { "id": "shadow", "path": "/shadow", "scopes": ["read"], "shadow": true },
                { "id": "host", "path": "/host", "host": "a.test", "public": true }
                """)
    }

    private var mint: TokenMint { decisions.mint }

    private func outcome(
        _ target: String, method: String = "GET", host: String = "x.test", token: [UInt8]? = nil
    ) throws -> String {
        try decisions.outcome(target, method: method, host: host, token: token).route
    }

    @Test(
        "a request is permitted by its route only",
        arguments: [
            ("/public/a/b", "public"), ("/any", "no_token"), ("/nowhere", "no_route"), ("/items/1", "no_token"),
            ("/host", "no_route"), ("/files/a", "slashes"),
        ])
    func withoutToken(target: String, expected: String) throws {
        #expect(try outcome(target) == expected)
    }

    @Test("the host of a route is compared")
    func host() throws {
        #expect(try outcome("/host", host: "A.test:80") == "host")
    }

    @Test("a path with routes for other methods only")
    func method() throws {
        #expect(try outcome("/any", method: "DELETE") == "method_not_allowed")
    }

    @Test("all scopes are required")
    func scopes() throws {
        #expect(try outcome("/items/1", token: mint.token(TokenMint.claims(#""scope":"list read""#))) == "read")
        #expect(
            try outcome("/items/1", token: mint.token(TokenMint.claims(#""scope":"read""#))) == "insufficient_scope")
        #expect(try outcome("/any", token: mint.token()) == "any")
    }

    @Test("a token is not looked at on a public route and is everywhere else")
    func badToken() throws {
        let expired = try mint.token(TokenMint.claims(expiry: TokenMint.now - 3600))
        #expect(try outcome("/public/a", token: expired) == "public")
        #expect(try outcome("/any", token: expired) == "expired")
        #expect(try outcome("/any", token: Array("abc".utf8)) == "malformed_token")
        #expect(try outcome("/nowhere", token: expired) == "no_route")
    }

    @Test("a shadow route permits whatever is denied, and only that")
    func shadow() throws {
        #expect(try outcome("/shadow") == "shadow: no_token")
        #expect(try outcome("/shadow", token: mint.token()) == "shadow: insufficient_scope")
        #expect(try outcome("/shadow", token: mint.token(TokenMint.claims(#""scope":"read""#))) == "shadow")
    }

    @Test(
        "a path that another reading leads elsewhere is refused (security.md, rule 1)",
        arguments: [
            ("/any%2Fthing", "no_route"), ("/public%2Fa", "ambiguous_path"), ("/items/a%2Fb", "ambiguous_path"),
            ("/public/a%2Fb", "public"), ("/files/a%2Fb", "slashes"), ("/files/a;b", "slashes"),
            ("/any;v=1", "ambiguous_path"), ("//any", "ambiguous_path"), ("/files/a%252Fb", "ambiguous_path"),
        ])
    func readings(target: String, expected: String) throws {
        #expect(try outcome(target) == expected)
    }

    @Test("challenges name the scopes of the route in file order")
    func challengeScopes() throws {
        let read = try #require(decisions.evaluator.routes.first { $0.id == "read" })
        #expect(decisions.evaluator.challengeScopes(on: read) == ["read", "list"])
    }
}
