import Configuration
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
            ("/api/hosted", "rewrite_conflict"), ("/slashes/admin/x", "rewrite_conflict"),
            ("/slashes/admin%2Fx", "slashes"),
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

    @Test(
        "a route for any host of the server counts, whatever host was asked for",
        arguments: ["a.test", "b.test", "x.a.test", "wild.test", ""])
    func host(host: String) throws {
        let hosts = try DecisionHarness(
            routes: Self.routes + """
                , { "id": "wild", "path": "/wild/{rest...}", "host": "*.wild.test", "authenticated": true },
                { "id": "sub", "path": "/wild/sub", "host": "sub.wild.test", "public": true },
                { "id": "away", "path": "/away", "host": "a.test", "authenticated": true, "upstream": "v" },
                { "id": "fixed", "path": "/fixed/{rest...}", "public": true, "upstream_host": "a.test",
                  "rewrite": { "strip_prefix": "/fixed" } }
                """)
        for prefix in ["/api", "/fixed"] {
            #expect(try hosts.outcome("\(prefix)/hosted", host: host).route == "rewrite_conflict")
            #expect(try hosts.outcome("\(prefix)/wild/x", host: host).route == "rewrite_conflict")
            #expect(try hosts.outcome("\(prefix)/wild/sub", host: host).route == "rewrite_conflict")
            #expect(try hosts.outcome("\(prefix)/away", host: host).path == "/away")
        }
    }

    @Test(
        "the server counts, not the name of the upstream",
        arguments: [
            ("http://127.0.0.1:1", "rewrite_conflict"), ("http://localhost:1", "rewrite_conflict"),
            ("http://LOCALHOST.:1/", "rewrite_conflict"), ("http://[::1]:1", "rewrite_conflict"),
            ("http://[0::ffff:127.0.0.1]:1", "rewrite_conflict"), ("http://0.0.0.0:1", "rewrite_conflict"),
            ("http://127.0.0.1:2", "twin"), ("http://10.0.0.1:1", "twin"), ("http://unix:/1", "twin"),
        ])
    func server(url: String, expected: String) throws {
        let routes =
            Self.routes + """
                , { "id": "twin", "path": "/twin/{rest...}", "public": true, "rewrite": { "strip_prefix": "/twin" },
                    "upstream": { "servers": ["\(url)"] } }
                """
        let twin = try DecisionHarness(routes: routes)
        #expect(try twin.outcome("/twin/admin/x").route == expected)
        #expect(try twin.outcome("/twin/ADMIN/x").route == "twin")
        #expect(try twin.outcome("/twin/x").path == "/x")
        let folding = try DecisionHarness(routes: routes) { $0.upstreams[0].ignoresCase = true }
        #expect(try folding.outcome("/twin/ADMIN/x").route == expected, "what one declares holds for the other")
    }

    @Test("what the other route would keep back is not let through")
    func terms() throws {
        let terms = try DecisionHarness(
            routes: """
                { "id": "api", "path": "/api/{rest...}", "public": true, "allow": ["method_override"],
                  "rewrite": { "strip_prefix": "/api" } },
                { "id": "small", "path": "/small/{rest...}", "public": true, "authorization_header": "strip",
                  "max_body": "1KiB", "rewrite": { "strip_prefix": "/small" } },
                { "id": "strict", "path": "/strict", "public": true, "authorization_header": "strip", "max_body": "1KiB" },
                { "id": "loose", "path": "/loose", "public": true, "allow": ["method_override"] }
                """)
        func route(_ target: String, _ fields: String) throws -> String {
            try terms.outcome(target, method: "POST", fields: fields).route
        }
        for field in [
            "X-HTTP-Method-Override: DELETE", "x-method-override: PUT", "X-Original-URL: /a", "X-Rewrite-URL: /a",
        ] {
            #expect(try route("/api/strict", "\(field)\r\n") == "rewrite_conflict")
            #expect(try route("/api/loose", "\(field)\r\n") == "api")
            #expect(try route("/api/none", "\(field)\r\n") == "api")
            #expect(try route("/small/strict", "\(field)\r\n") == "small")
        }
        #expect(try route("/api/strict", "") == "api")
        #expect(try route("/api/strict", "Authorization: Basic eDp5\r\n") == "rewrite_conflict")
        #expect(try route("/small/strict", "Authorization: Basic eDp5\r\n") == "small")
        #expect(try route("/api/loose", "Authorization: Basic eDp5\r\n") == "api")
        #expect(try route("/api/strict", "Content-Length: 1024\r\n") == "api")
        #expect(try route("/api/strict", "Content-Length: 1025\r\n") == "rewrite_conflict")
        #expect(try route("/api/loose", "Content-Length: 1025\r\n") == "api")
        #expect(try route("/api/strict", "Transfer-Encoding: chunked\r\n") == "rewrite_conflict")
        #expect(try route("/small/strict", "Transfer-Encoding: chunked\r\n") == "small")
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
