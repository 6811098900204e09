import Authentication
import JOSE
import TestSupport
import Testing

@testable import Gateway

@Suite("security.md, rule 7: one credential")
struct Rule7CredentialTests {
    private static let secret = "gwk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    private let decisions: DecisionHarness

    init() throws {
        let hash = SHA256.hash(Self.secret.utf8.span).hexadecimal()
        decisions = try DecisionHarness(
            routes: """
                { "id": "public", "path": "/public", "public": true },
                { "id": "read", "path": "/read", "scopes": ["read"] },
                { "id": "tokens", "path": "/tokens", "authenticated": true, "issuers": ["main", "other"] },
                { "id": "keys", "path": "/keys", "authenticated": true, "issuers": ["api_keys"] },
                { "id": "shadow", "path": "/shadow", "scopes": ["list"], "shadow": true }
                """,
            top: """
                "api_keys": { "header": "X-Key", "keys": { "ci": { "hash": "sha256:\(hash)", "roles": ["reader"] } } },
                """)
    }

    private func outcome(_ path: String, _ fields: String, token: [UInt8]? = nil) throws -> String {
        try decisions.outcome(path, fields: fields, token: token).route
    }

    @Test("a key is looked for in the named field, whatever its case, and in Authorization")
    func keys() throws {
        for line in ["X-Key: \(Self.secret)", "x-kEY:\(Self.secret)", "Authorization: bearer \(Self.secret)"] {
            #expect(try outcome("/read", line + "\r\n") == "read")
            #expect(try outcome("/keys", line + "\r\n") == "keys")
            #expect(try outcome("/tokens", line + "\r\n") == "unknown_issuer")
            #expect(try outcome("/shadow", line + "\r\n") == "shadow: insufficient_scope")
        }
        #expect(try outcome("/read", "X_Key: \(Self.secret)\r\n") == "no_token")
        #expect(try outcome("/keys", "", token: decisions.mint.token()) == "unknown_issuer")
        #expect(try outcome("/tokens", "", token: decisions.mint.token()) == "tokens")
    }

    @Test("two credentials are ambiguous, good or not, but not where none is looked at")
    func ambiguous() throws {
        let token = try decisions.mint.token()
        for line in ["X-Key: \(Self.secret)\r\n", "X-Key: nonsense\r\n", "X-Key:\r\n"] {
            for path in ["/read", "/tokens", "/keys", "/shadow"] {
                #expect(try outcome(path, line, token: token) == "ambiguous_credentials")
                #expect(try outcome(path, line + "Authorization: Basic x\r\n") == "ambiguous_credentials")
            }
            #expect(try outcome("/public", line, token: token) == "public")
            #expect(try outcome("/nowhere", line, token: token) == "no_route")
        }
    }
}
