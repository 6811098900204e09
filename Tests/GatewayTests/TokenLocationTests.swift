import Authentication
import Configuration
import JOSE
import TestSupport
import Testing

@testable import Gateway

@Suite("configuration.md, token_locations: another field, and a cookie")
struct TokenLocationTests {
    private static let secret = "gwk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    private let decisions: DecisionHarness
    private let token: String

    init() throws {
        let hash = SHA256.hash(Self.secret.utf8.span).hexadecimal()
        decisions = try DecisionHarness(
            routes: """
                { "id": "public", "path": "/public", "public": true },
                { "id": "read", "path": "/read", "scopes": ["read"] },
                { "id": "shadow", "path": "/shadow", "scopes": ["read"], "shadow": true }
                """,
            top: """
                "api_keys": { "header": "X-Key", "keys": { "ci": { "hash": "sha256:\(hash)", "roles": ["reader"] } } },
                """
        ) {
            $0.tokenLocations.header = "X-Token"
            $0.tokenLocations.cookie = "session"
            $0.tokenLocations.webSocketProtocol = "bearer"
        }
        token = String(decoding: try decisions.mint.token(TokenMint.claims(#""scope":"read""#)), as: UTF8.self)
    }

    private func outcome(_ fields: String..., path: String = "/read", method: String = "GET") throws -> String {
        let lines = fields.map { $0.replacing("TOKEN", with: token) + "\r\n" }.joined()
        return try decisions.outcome(path, method: method, fields: lines).route
    }

    @Test("the whole value of the field is the token, whatever the case of its name")
    func header() throws {
        #expect(try outcome("X-Token: TOKEN") == "read")
        #expect(try outcome("x-tOKEN:\tTOKEN ") == "read")
        #expect(try outcome("X-Token: \(Self.secret)") == "read")
        for value in ["", "Bearer TOKEN", "TOKEN TOKEN", "a.b.c", "TOKEN,"] {
            #expect(try outcome("X-Token: \(value)") == "malformed_token", "\(value)")
        }
        #expect(try outcome("X_Token: TOKEN") == "no_token")
        #expect(try outcome("X-Token: TOKEN", path: "/shadow") == "shadow")
        #expect(try outcome("X-Token: a", path: "/public") == "public")
    }

    @Test("the value of the cookie is the token, and none where it is empty")
    func cookie() throws {
        #expect(try outcome("Cookie: session=TOKEN") == "read")
        #expect(try outcome("Cookie: a=b; session=\"TOKEN\"; c=d") == "read")
        #expect(try outcome("Cookie: a=b", "cookie: session=TOKEN") == "read")
        #expect(try outcome("Cookie: session=\(Self.secret)") == "read")
        for value in ["", "session=", "session=\"\"; a=b", "Session=TOKEN", "session", "sessionx=TOKEN"] {
            #expect(try outcome("Cookie: \(value)") == "no_token", "\(value)")
        }
        for value in ["session=a.b.c", "session=Bearer TOKEN", "session=\"TOKEN"] {
            #expect(try outcome("Cookie: \(value)") == "malformed_token", "\(value)")
        }
        #expect(try outcome("Cookie: session=TOKEN", path: "/shadow") == "shadow")
        #expect(try outcome("Cookie: session=a; session=b", path: "/public") == "public")
    }

    @Test("any two credentials are ambiguous, good or not")
    func ambiguous() throws {
        let places = [
            "Authorization: Bearer TOKEN", "X-Key: \(Self.secret)", "X-Token: TOKEN", "Cookie: session=TOKEN",
            "Authorization: Basic YTpi",
        ]
        for (number, first) in places.enumerated() {
            for second in places[..<number]
            where !(first + second).contains("Basic") || !first.hasPrefix("A") || !second.hasPrefix("A") {
                #expect(try outcome(first, second) == "ambiguous_credentials", "\(first), \(second)")
                #expect(try outcome(first, second, path: "/shadow") == "ambiguous_credentials")
                #expect(try outcome(first, second, path: "/public") == "public")
            }
        }
        #expect(try outcome("Cookie: session=TOKEN; session=TOKEN") == "ambiguous_credentials")
        #expect(try outcome("Cookie: session=", "Cookie: session=TOKEN") == "ambiguous_credentials")
        #expect(try outcome("X-Token:", "Cookie: session=TOKEN") == "ambiguous_credentials")
        #expect(try outcome("Cookie: session=", "X-Token: TOKEN") == "read", "who has logged out has no second one")
    }

    @Test("a handshake that offers a token may hold no other")
    func webSocket() throws {
        let handshake = [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: bearer, TOKEN",
        ].joined(separator: "\r\n")
        #expect(try outcome(handshake) == "read")
        #expect(try outcome(handshake, "Cookie: session=TOKEN") == "ambiguous_credentials")
        #expect(try outcome(handshake, "X-Token: TOKEN") == "ambiguous_credentials")
        #expect(try outcome(handshake, "Cookie: session=TOKEN", "Origin: https://evil.test") == "read")
    }

    @Test("what is not configured is no credential")
    func unconfigured() throws {
        let plain = try DecisionHarness(routes: #"{ "id": "read", "path": "/read", "authenticated": true }"#)
        #expect(plain.evaluator.places == nil)
        let token = String(decoding: try plain.mint.token(), as: UTF8.self)
        let fields = "X-Token: \(token)\r\nCookie: session=\(token)\r\n"
        #expect(try plain.outcome("/read", fields: fields).route == "no_token")
        #expect(try plain.outcome("/read", fields: fields, token: Array(token.utf8)).route == "read")
    }

    @Test("a rewrite to a route that strips credentials must not carry one from a public route")
    func rewritten() throws {
        let routes = """
            { "id": "open", "path": "/open/{rest...}", "public": true, "rewrite": { "strip_prefix": "/open" } },
            { "id": "strict", "path": "/strict", "public": true, "authorization_header": "strip" }
            """
        let decisions = try DecisionHarness(routes: routes) {
            $0.tokenLocations.header = "X-Token"
            $0.tokenLocations.cookie = "session"
        }
        #expect(try decisions.outcome("/open/strict").route == "open")
        for field in ["X-Token: a", "Cookie: session=a", "Authorization: Bearer a"] {
            #expect(try decisions.outcome("/open/strict", fields: field + "\r\n").route == "rewrite_conflict")
        }
    }
}
