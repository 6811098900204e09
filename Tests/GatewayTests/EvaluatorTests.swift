import AccessLog
import Authentication
import Authorization
import Bytes
import Configuration
import HTTP
import JOSE
import TestSupport
import Testing

@testable import Gateway

@Suite("architecture.md: match, authenticate, authorize")
struct EvaluatorTests {
    private let mint: TokenMint
    private let evaluator: Evaluator

    private static let routes = """
        { "id": "public", "path": "/public/{rest...}", "public": true },
        { "id": "any", "path": "/any", "methods": ["GET"], "authenticated": true },
        { "id": "read", "path": "/items/{id}", "methods": ["GET"], "scopes": ["read", "list"] },
        { "id": "slashes", "path": "/files/{name}", "public": true, "allow": ["encoded_slash"] },
        { "id": "shadow", "path": "/shadow", "scopes": ["read"], "shadow": true },
        { "id": "host", "path": "/host", "host": "a.test", "public": true }
        """

    init() throws {
        mint = try TokenMint()
        let keys = mint.key.publicKeySet()
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0" }],
              "scopes": { "read": "R", "list": "L" },
              "issuers": { "main": { "issuer": "https://issuer.test", "audience": ["api"], "algorithms": ["ES256"],
                "keys": { "jwks_file": "keys.json" } } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"] } },
              "route_defaults": { "upstream": "u" }, "routes": [ \(Self.routes) ] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(keys) })
        evaluator = try Evaluator(
            GatewayConfiguration.read(Array(text.utf8), file: "gateway.json", surroundings: surroundings))
    }

    /// What becomes of a request: `shadow`, the reason of its refusal, or else the route that it is permitted on.
    private func outcome(
        _ target: String, method: String = "GET", host: String = "x.test", token: [UInt8]? = nil
    ) throws -> String {
        let credential = token.map { "Authorization: Bearer \(String(decoding: $0, as: UTF8.self))\r\n" } ?? ""
        let head = Array("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\(credential)\r\n".utf8)
        var request = Request()
        var parser = RequestParser(limits: MessageLimits())
        #expect(try parser.parse(head.span, into: &request) == head.count)
        var found: GatewayRoute?
        do throws(Refusal) {
            let route = try evaluator.match(request)
            found = route
            let principal = try evaluator.authenticate(request.fields, on: route, now: TokenMint.now)
            let permit = try evaluator.authorize(principal, on: route)
            #expect(permit.route == route.index)
            return route.id
        } catch {
            guard let found, evaluator.shadowPermit(on: found) != nil else { return error.reason.rawValue }
            return "shadow: \(error.reason.rawValue)"
        }
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
        let read = try #require(evaluator.routes.first { $0.id == "read" })
        #expect(evaluator.challengeScopes(on: read) == ["read", "list"])
    }
}
