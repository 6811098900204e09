import TestSupport
import Testing

@testable import Gateway

@Suite("security.md, rule 3: a rewrite opens nothing")
struct Rule3RewriteTests {
    private static let routes = """
        { "id": "api", "path": "/api/{rest...}", "public": true, "rewrite": { "strip_prefix": "/api" } },
        { "id": "root", "path": "/root", "public": true, "trailing_slash": "either",
          "rewrite": { "strip_prefix": "/root" } },
        { "id": "old", "path": "/old/{rest...}", "scopes": ["read"],
          "rewrite": { "replace_prefix": ["/old", "/new/v1"] } },
        { "id": "new", "path": "/new/v1/{rest...}", "methods": ["GET"], "scopes": ["read", "list"] },
        { "id": "admin", "path": "/admin/{rest...}", "scopes": ["list"] },
        { "id": "write", "path": "/write", "methods": ["PUT"], "public": true },
        { "id": "open", "path": "/open/{rest...}", "public": true },
        { "id": "elsewhere", "path": "/elsewhere", "scopes": ["list"], "upstream": "v" },
        { "id": "host", "path": "/hosted", "host": "a.test", "authenticated": true },
        { "id": "shadow", "path": "/shadow/{rest...}", "scopes": ["read"], "shadow": true,
          "rewrite": { "strip_prefix": "/shadow" } },
        { "id": "slashes", "path": "/slashes/{rest...}", "public": true, "allow": ["encoded_slash"],
          "rewrite": { "strip_prefix": "/slashes" } },
        { "id": "foreign", "path": "/foreign/{rest...}", "authenticated": true,
          "rewrite": { "replace_prefix": ["/foreign", "/theirs"] } },
        { "id": "theirs", "path": "/theirs/{rest...}", "authenticated": true, "issuers": ["other"] },
        { "id": "same", "path": "/same/{rest...}", "methods": ["GET"], "authenticated": true,
          "rewrite": { "replace_prefix": ["/same", "/same/v2"] } }
        """

    private let decisions: DecisionHarness

    init() throws {
        decisions = try DecisionHarness(routes: Self.routes)
    }

    @Test(
        "prefixes are whole segments of the canonical path, and the result is canonical",
        arguments: [
            ("/api/x", "/x"), ("/api/x/", "/x/"), ("/root", "/"), ("/root/", "/"), ("/%61pi/./x", "/x"),
            ("/api/a%2fb", "/a%2Fb"), ("/api/b%40c?q=/api", "/b%40c"), ("/open/x", "/open/x"),
        ])
    func path(target: String, expected: String) throws {
        #expect(try decisions.outcome(target).path == expected)
    }

    @Test("what only begins like the prefix is another path")
    func wholeSegments() throws {
        #expect(try decisions.outcome("/apiary/x").route == "no_route")
    }

    @Test(
        "a result that another route of the upstream protects is refused",
        arguments: [
            ("/api/admin/x", "rewrite_conflict"), ("/api/%61dmin/x", "rewrite_conflict"),
            ("/api/admin%2Fx", "rewrite_conflict"), ("/api/x;/../admin/x", "rewrite_conflict"),
            ("/api/open/x", "api"), ("/api/admin", "api"), ("/api/elsewhere", "api"), ("/api/api/x", "api"),
            ("/api/hosted", "api"), ("/slashes/admin/x", "rewrite_conflict"), ("/slashes/admin%2Fx", "slashes"),
        ])
    func protected(target: String, expected: String) throws {
        #expect(try decisions.outcome(target).route == expected)
    }

    @Test("so is one whose routes lack the method")
    func method() throws {
        #expect(try decisions.outcome("/api/write").route == "rewrite_conflict")
        #expect(try decisions.outcome("/api/write", method: "PUT") == .init(route: "api", path: "/write"))
        let reader = try decisions.mint.token(TokenMint.claims(#""scope":"read list""#))
        #expect(try decisions.outcome("/old/x", method: "POST", token: reader).route == "rewrite_conflict")
        #expect(try decisions.outcome("/same/x", token: reader) == .init(route: "same", path: "/same/v2/x"))
    }

    @Test("the host takes part in the look-up")
    func host() throws {
        #expect(try decisions.outcome("/api/hosted", host: "a.test").route == "rewrite_conflict")
        #expect(try decisions.outcome("/api/hosted", host: "b.test") == .init(route: "api", path: "/hosted"))
    }

    @Test("a result that begins with two slashes is refused, in any reading that is not allowed")
    func doubleSlash() throws {
        #expect(try decisions.outcome("/api//x").route == "rewrite_conflict")
        #expect(try decisions.outcome("/api/%2Fx").route == "rewrite_conflict")
        #expect(try decisions.outcome("/slashes/%2Fx") == .init(route: "slashes", path: "/%2Fx"))
        #expect(try decisions.outcome("/slashes//x").route == "rewrite_conflict")
    }

    @Test("the principal that the other route would permit may pass, and no other")
    func principal() throws {
        let one = try decisions.mint.token(TokenMint.claims(#""scope":"read""#))
        let both = try decisions.mint.token(TokenMint.claims(#""scope":"read list""#))
        #expect(try decisions.outcome("/old/x", token: one).route == "rewrite_conflict")
        #expect(try decisions.outcome("/old/x", token: both) == .init(route: "old", path: "/new/v1/x"))
        #expect(try decisions.outcome("/old/x").route == "no_token")
        #expect(
            try decisions.outcome("/api/admin/x", token: both).route == "rewrite_conflict",
            "a public route looks at no token, so that nobody asks")
    }

    @Test("a token of an issuer that the other route does not accept is not good there")
    func issuers() throws {
        #expect(try decisions.outcome("/foreign/x", token: decisions.mint.token()).route == "rewrite_conflict")
    }

    @Test("a shadow route opens itself and no other")
    func shadow() throws {
        #expect(try decisions.outcome("/shadow/x") == .init(route: "shadow: no_token", path: "/x"))
        #expect(try decisions.outcome("/shadow/admin/x").route == "rewrite_conflict")
        let list = try decisions.mint.token(TokenMint.claims(#""scope":"list""#))
        #expect(
            try decisions.outcome("/shadow/admin/x", token: list)
                == .init(route: "shadow: insufficient_scope", path: "/admin/x"))
    }

    @Test("what the upstream takes for the path of another route is refused as well")
    func folding() throws {
        let folding = try DecisionHarness(
            routes: Self.routes, upstream: #", "case_insensitive_paths": true, "ignores_trailing_slash": true"#)
        #expect(try decisions.outcome("/api/ADMIN/x").route == "api")
        #expect(try folding.outcome("/api/ADMIN/x").route == "rewrite_conflict")
        #expect(try decisions.outcome("/api/write/").route == "api")
        #expect(try folding.outcome("/api/write/").route == "rewrite_conflict")
        #expect(try folding.outcome("/api/X/") == .init(route: "api", path: "/X/"))
    }
}
