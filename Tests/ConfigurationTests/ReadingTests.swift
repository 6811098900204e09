import Bytes
import HTTP
import JOSE
import Routing
import Testing

@testable import Configuration

/// A valid configuration around the parts that a test is about.
private func configuration(
    top: String = "", issuer: String = "", defaults: String = "", routes: String,
    server: String = "http://127.0.0.1:8000"
) throws -> GatewayConfiguration {
    let text = """
        { "version": 1, \(top)
          "listeners": [ { "address": "127.0.0.1:8080" } ],
          "scopes": { "a": "A", "b": "B", "c": "C" },
          "roles": { "x": {}, "y": { "includes": ["x"], "scopes": ["c"] } },
          "issuers": { "main": { \(issuer) "issuer": "https://idp/", "audience": ["api"], "algorithms": ["EdDSA"],
            "keys": { "jwks_file": "keys.json" } } },
          "upstreams": { "items": { "servers": ["\(server)"] } },
          "route_defaults": { "upstream": "items" \(defaults) },
          "routes": [ \(routes) ] }
        """
    return try GatewayConfiguration.read(Array(text.utf8), file: "gateway.json", surroundings: .fixed)
}

private let plainRoute = #"{ "id": "r", "path": "/r", "public": true }"#

@Suite("configuration.md: what a valid file means")
struct ReadingTests {
    @Test("the shipped example is valid")
    func shipped() throws {
        let path = "\(testDirectory)/../../gateway.json"
        let bytes = try FileContents.read(path, limit: 1 << 20)
        let configuration = try GatewayConfiguration.read(bytes, file: "gateway.json", surroundings: .fixed)
        #expect(configuration.listeners.map(\.address) == [.ip(host: "127.0.0.1", port: 8080)])
        #expect(configuration.upstreams.map(\.servers.first?.address) == [.ip(host: "127.0.0.1", port: 8000)])
        #expect(configuration.issuers.map(\.keySource) == [.tokenEndpoint])
        #expect(configuration.tokenEndpoint?.users.map(\.name) == ["alice", "bob"])
        #expect(configuration.routes.count == 7)
        #expect(configuration.routes.map(\.upstream).allSatisfy { $0 == "example" })
        #expect(configuration.hash.count == 6)
    }

    @Test("what is not written has its documented default")
    func defaults() throws {
        let configuration = try configuration(routes: plainRoute)
        #expect(configuration.workers == nil)
        #expect(configuration.grant == .union)
        #expect(configuration.limits == LimitsConfiguration())
        #expect(configuration.limits.headerSection == 16384)
        #expect(configuration.limits.upstreamIdleTimeout == .seconds(4))
        #expect(configuration.refusals == RefusalConfiguration())
        #expect(configuration.accessLog == AccessLogConfiguration())
        #expect(configuration.forwarding.writesVia)
        #expect(configuration.tokenLocations == TokenLocationsConfiguration())
        let issuer = try #require(configuration.issuers.first)
        #expect(issuer.clockSkew == .seconds(30))
        #expect(issuer.maximumLifetime == nil)
        #expect(issuer.requiresExpiry)
        #expect(issuer.claims == ClaimsConfiguration())
        #expect(issuer.keys.count == 1)
        let route = try #require(configuration.routes.first)
        #expect(route.methods == .all)
        #expect(route.host == nil)
        #expect(route.timeout == .seconds(60))
        #expect(route.idleTimeout == .seconds(75))
        #expect(route.streamIdleTimeout == .seconds(600))
        #expect(!route.outlivesToken)
        #expect(route.maximumBody == nil)
        #expect(route.passesAuthorization)
        #expect(route.upstreamHost == .client)
        #expect(!route.isShadow)
        #expect(!route.ignoresTrailingSlash)
        #expect(route.line == 9)
        #expect(route.column == 15)
    }

    @Test("API keys arrive, and routes may name them among their issuers")
    func apiKeys() throws {
        let digits = String(repeating: "0f", count: 32)
        let configuration = try configuration(
            top: """
                "api_keys": { "header": "X-API-Key", "grant": "roles", "keys": {
                  "one": { "hash": "sha256:\(digits)", "scopes": ["a"], "roles": ["y"], "expires": "2027-01-31T01:00:00+01:00" },
                  "two": { "hash": "sha256:\(String(repeating: "1", count: 64))" } } },
                """,
            routes: #"{ "id": "r", "path": "/r", "authenticated": true, "issuers": ["api_keys", "main"] }"#)
        let keys = try #require(configuration.apiKeys)
        #expect(keys.header == "X-API-Key" && keys.grant == .roles)
        let word: UInt64 = 0x0f0f_0f0f_0f0f_0f0f
        #expect(
            keys.keys.first
                == APIKeyConfiguration(
                    name: "one", hash: SHA256Digest(word, word, word, word), scopes: ["a"], roles: ["y"],
                    expiry: 1_801_353_600))
        #expect(keys.keys.last?.scopes == [] && keys.keys.last?.expiry == nil)
        #expect(configuration.issuerNames == ["main", "api_keys"])
        #expect(configuration.routes.first?.issuers == ["api_keys", "main"])
    }

    @Test("identity headers and rules for other origins arrive, also from route_defaults")
    func fields() throws {
        let configuration = try configuration(
            defaults: #", "identity_headers": { "X-User": "token_id" }, "cors": { "origins": ["*"] }"#,
            routes: """
                { "id": "own", "path": "/own", "authenticated": true, "identity_headers": { "X-A": ["b", "c"], "X-D": "roles" },
                  "cors": { "origins": ["https://a.test", "null"], "headers": ["Authorization"], "expose": ["X-E"],
                    "credentials": true, "max_age": "1m" } },
                { "id": "default", "path": "/default", "authenticated": true }, \(plainRoute)
                """)
        let own = try #require(configuration.routes.first)
        #expect(own.identityHeaders.map(\.name) == ["X-A", "X-D"])
        #expect(own.identityHeaders.map(\.source) == [.claim(["b", "c"]), .part(.roles)])
        #expect(
            own.crossOrigin
                == CrossOriginConfiguration(
                    origins: ["https://a.test", "null"], headers: ["Authorization"], exposed: ["X-E"],
                    allowsCredentials: true, maximumAge: .seconds(60)))
        let others = configuration.routes.dropFirst()
        #expect(others.map(\.identityHeaders.count) == [1, 0])
        #expect(others.allSatisfy { $0.crossOrigin == CrossOriginConfiguration(origins: ["*"]) })
    }

    @Test("what is said of streams arrives, also from route_defaults and limits")
    func streams() throws {
        let configuration = try configuration(
            top: """
                "token_locations": { "websocket_protocol": "!#$%&'*+-.^_`|~aZ09" }, "limits": { "stream_idle_timeout": "1h" },
                """,
            defaults: #", "outlive_token": true"#,
            routes: """
                { "id": "own", "path": "/own", "authenticated": true, "outlive_token": false, "stream_idle_timeout": "2s" },
                { "id": "default", "path": "/default", "authenticated": true }
                """)
        #expect(configuration.tokenLocations.webSocketProtocol == "!#$%&'*+-.^_`|~aZ09")
        #expect(configuration.limits.streamIdleTimeout == .seconds(3600))
        #expect(configuration.routes.map(\.streamIdleTimeout) == [.seconds(2), .seconds(3600)])
        #expect(configuration.routes.map(\.outlivesToken) == [false, true])
    }

    @Test("every key that is supported arrives")
    func everything() throws {
        let configuration = try configuration(
            top: """
                "$schema": "x", "workers": 3, "grant": "intersection", "forwarding": { "via": false },
                "refusals": { "insufficient_scope_status": 403, "unmatched_status": 404, "realm": "r" },
                "access_log": { "output": { "file": "log/access.json" }, "on_overflow": "block", "sub": "hash" },
                "limits": { "request_line": "4KiB", "header_section": "32KiB", "header_fields": 50, "token": "4KiB",
                  "max_body": "1GiB", "body_rate": "1KiB", "head_timeout": "1s", "idle_timeout": "2s", "timeout": "3s",
                  "connect_timeout": "250ms", "upstream_idle_timeout": "0s", "drain_timeout": "1m", "connections": 7,
                  "upstream_connections": 8, "token_cache": 9 },
                """,
            issuer: """
                "clock_skew": "0s", "maximum_lifetime": "24h", "require_expiry": false, "required_claims": ["sub"],
                "claims": { "scopes": [["a", "b.c"]], "roles": [["r", "r"]], "subject": [["s"]], "client": [["c"], ["d"]] },
                """,
            routes: """
                { "$comment": "c", "id": "r", "path": "/a/{b}", "host": "*.Example.com", "methods": ["GET", "PURGE"],
                  "scopes": ["a"], "any_scopes": [["b"], ["c"]], "roles": ["y"], "issuers": ["main"], "timeout": "5s",
                  "idle_timeout": "6s", "max_body": "unlimited", "allow": ["encoded_slash", "method_override"],
                  "authorization_header": "strip", "upstream_host": "upstream", "trailing_slash": "either", "shadow": true,
                  "upstream": { "servers": [{ "url": "http://unix:run/app.sock" }] } }
                """)
        #expect(configuration.workers == 3)
        #expect(configuration.grant == .intersection)
        #expect(!configuration.forwarding.writesVia)
        #expect(
            configuration.refusals
                == RefusalConfiguration(insufficientScopeStatus: 403, unmatchedStatus: 404, realm: "r"))
        #expect(
            configuration.accessLog
                == AccessLogConfiguration(output: .file("log/access.json"), onOverflow: .block, subject: .hash))
        #expect(
            configuration.limits
                == LimitsConfiguration(
                    requestLine: 4096, headerSection: 32768, headerFields: 50, token: 4096, maximumBody: 1 << 30,
                    bodyRate: 1024, headTimeout: .seconds(1), idleTimeout: .seconds(2),
                    connectTimeout: .milliseconds(250),
                    timeout: .seconds(3), upstreamIdleTimeout: .zero, drainTimeout: .seconds(60), connections: 7,
                    upstreamConnections: 8, tokenCache: 9))
        let issuer = try #require(configuration.issuers.first)
        #expect(issuer.clockSkew == .zero)
        #expect(issuer.maximumLifetime == .seconds(86400))
        #expect(!issuer.requiresExpiry)
        #expect(issuer.requiredClaims == ["sub"])
        #expect(issuer.claims.scopes == [["a", "b.c"]])
        #expect(issuer.claims.roles == [["r", "r"]])
        #expect(issuer.claims.client == [["c"], ["d"]])
        let route = try #require(configuration.routes.first)
        #expect(route.host == .wildcard("example.com"))
        #expect(route.methods == MethodSet([.get, .other("PURGE")]))
        #expect(
            route.access
                == .restricted(RequirementConfiguration(scopes: ["a"], anyScopes: [["b"], ["c"]], roles: ["y"])))
        #expect(route.issuers == ["main"])
        #expect(route.timeout == .seconds(5))
        #expect(route.idleTimeout == .seconds(6))
        #expect(route.maximumBody == nil)
        #expect(route.allow == [.encodedSlash, .methodOverride])
        #expect(!route.passesAuthorization)
        #expect(route.upstreamHost == .upstream)
        #expect(route.isShadow)
        #expect(route.ignoresTrailingSlash)
        #expect(route.upstream == "routes/r")
        #expect(configuration.upstreams.map(\.name) == ["items", "routes/r"])
        #expect(configuration.upstreams.last?.servers.first?.address == .unix(path: "run/app.sock"))
        #expect(configuration.roles.map(\.includes) == [[], ["x"]])
    }

    @Test("relative paths start from the directory of the file")
    func relativePaths() throws {
        let text = """
            { "version": 1, "listeners": [ { "address": "unix:run/gateway.sock" } ],
              "issuers": { "i": { "issuer": "i", "audience": "any", "algorithms": ["EdDSA"], "keys": { "jwks_file": "keys.json" } } },
              "access_log": { "output": { "file": "/var/log/a" } },
              "routes": [ { "id": "r", "path": "/", "authenticated": true, "upstream": { "servers": ["http://a"] } } ] }
            """
        let configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "/etc/gateway/gateway.json", surroundings: .fixed)
        #expect(configuration.listeners.map(\.address) == [.unix(path: "/etc/gateway/run/gateway.sock")])
        #expect(configuration.issuers.map(\.keySource) == [.file("/etc/gateway/keys.json")])
        #expect(configuration.accessLog.output == .file("/var/log/a"))
    }

    @Test(
        "${NAME} is substituted in values",
        arguments: [
            ("http://h:${PORT}", "h:9000"), ("http://h:${NOPE:-81}", "h:81"), ("http://h:${EMPTY:-82}", "h:82"),
            ("http://h${EMPTY}:${PORT}", "h:9000"), ("http://$h", nil), ("http://$${PORT}", nil),
        ])
    func substitution(server: String, authority: String?) throws {
        let result = try? configuration(routes: plainRoute, server: server)
        #expect(result?.upstreams.first?.servers.first?.authority == authority)
    }

    @Test("$${ stands for ${")
    func literalDollar() throws {
        let text = #"{ "id": "r", "path": "/r", "public": true, "upstream_host": "a" }"#
        let result = try configuration(top: #""refusals": { "realm": "$${x} $$ $" },"#, routes: text)
        #expect(result.refusals.realm == "${x} $$ $")
        #expect(result.routes.first?.upstreamHost == .literal("a"))
    }
}

@Suite("configuration.md, Routes: route_defaults and access")
struct RouteDefaultsTests {
    @Test(
        "access keys of a route are completed by defaults, and never weakened",
        arguments: [
            (#""authenticated": true"#, "", .authenticated),
            (#""authenticated": true"#, #", "public": true"#, .everyone),
            (#""authenticated": true"#, #", "scopes": ["a"]"#, .restricted(RequirementConfiguration(scopes: ["a"]))),
            (#""public": true"#, #", "roles": ["x"]"#, .restricted(RequirementConfiguration(roles: ["x"]))),
            (#""scopes": ["a"]"#, "", .restricted(RequirementConfiguration(scopes: ["a"]))),
            (#""scopes": ["a"]"#, #", "scopes": ["b"]"#, .restricted(RequirementConfiguration(scopes: ["b"]))),
            (
                #""scopes": ["a"]"#, #", "roles": ["x"]"#,
                .restricted(RequirementConfiguration(scopes: ["a"], roles: ["x"]))
            ),
            (#""scopes": ["a"]"#, #", "public": true"#, .everyone),
        ] as [(String, String, AccessConfiguration)])
    func access(defaults: String, own: String, expected: AccessConfiguration) throws {
        let result = try configuration(defaults: ", " + defaults, routes: #"{ "id": "r", "path": "/r" \#(own) }"#)
        #expect(result.routes.first?.access == expected)
    }

    @Test("a route's own value replaces the default")
    func replacement() throws {
        let result = try configuration(
            defaults: #", "timeout": "1s", "max_body": "1KiB", "shadow": true, "methods": ["GET"]"#,
            routes: #"""
                { "id": "r", "path": "/r", "authenticated": true },
                { "id": "s", "path": "/s", "authenticated": true, "timeout": "2s", "max_body": "unlimited", "shadow": false,
                  "methods": ["PUT"] }
                """#)
        #expect(result.routes.map(\.timeout) == [.seconds(1), .seconds(2)])
        #expect(result.routes.map(\.maximumBody) == [1024, nil])
        #expect(result.routes.map(\.isShadow) == [true, false])
        #expect(result.routes.map(\.methods) == [MethodSet([.get]), MethodSet([.put])])
    }

    @Test("an upstream inside route_defaults is one upstream for all routes")
    func inlineUpstream() throws {
        let text = """
            { "version": 1, "listeners": [ { "address": "[::]:0" } ],
              "route_defaults": { "public": true, "upstream": { "servers": ["http://[::1]:81"] } },
              "routes": [ { "id": "r", "path": "/" }, { "id": "s", "path": "*" } ] }
            """
        let result = try GatewayConfiguration.read(Array(text.utf8), file: "g.json", surroundings: .fixed)
        #expect(result.upstreams.map(\.name) == ["route_defaults"])
        #expect(result.upstreams.first?.servers.first?.authority == "[::1]:81")
        #expect(result.routes.map(\.upstream) == ["route_defaults", "route_defaults"])
        #expect(result.routes.last?.methods == MethodSet([.options]))
    }
}

@Suite("configuration.md: files that cannot be read")
struct UnreadableFileTests {
    @Test("a missing configuration is an error without a place")
    func missing() {
        let error = #expect(throws: ConfigurationErrors.self) {
            _ = try GatewayConfiguration.load(path: "\(testDirectory)/no-such-file.json")
        }
        #expect(error?.errors.map(\.line) == [0])
        #expect(error?.description.contains("No such file or directory") == true)
    }

    @Test("bytes that are not UTF-8 are refused at their place")
    func invalidUTF8() {
        let error = #expect(throws: ConfigurationErrors.self) {
            _ = try GatewayConfiguration.read(
                Array("{\n \"a\": \"".utf8) + [0xFF] + Array("\" }".utf8), file: "g.json", surroundings: .fixed)
        }
        #expect(error?.errors.map { [$0.line, $0.column] } == [[2, 8]])
    }

    @Test("a text cut off anywhere is refused, and nothing crashes")
    func truncated() throws {
        let bytes = try FileContents.read("\(testDirectory)/../../gateway.json", limit: 1 << 20)
        let end = bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0
        for length in 0..<end {
            #expect(throws: ConfigurationErrors.self) {
                _ = try GatewayConfiguration.read(Array(bytes[..<length]), file: "g.json", surroundings: .fixed)
            }
        }
    }
}

@Suite("security.md, rule 3: one server, however it is written")
struct CanonicalAddressTests {
    @Test(
        "addresses that mean the same are the same",
        arguments: [
            ("localhost:1", "127.0.0.1:1", true), ("LOCALHOST.:1", "[::1]:1", true), ("0.0.0.0:1", "[::]:1", true),
            ("[::ffff:127.0.0.1]:1", "[0:0::1]:1", true), ("[2001:DB8:0::1]:1", "[2001:db8::0:1]:1", true),
            ("A.example.:1", "a.example:1", true), ("unix:/run/./x//../app", "unix:/run/app", true),
            ("localhost:1", "localhost:2", false), ("127.0.0.1:1", "127.0.0.2:1", false), ("a:1", "b:1", false),
            ("unix:/run/app", "unix:/run/app/x", false), ("unix:/localhost:1", "localhost:1", false),
        ])
    func canonical(one: String, other: String, isSame: Bool) throws {
        let one = try #require(SocketAddressConfiguration(text: one))
        let other = try #require(SocketAddressConfiguration(text: other))
        #expect((one.canonical == other.canonical) == isSame)
    }
}

@Suite("configuration.md: the socket for operators")
struct AdminReachTests {
    @Test(
        "an upstream leads to the socket for operators by any name that reaches it, and by no other",
        arguments: [
            ("127.0.0.1:1", "127.0.0.1:1", true), ("localhost:1", "[::1]:1", true), ("0.0.0.0:1", "127.0.0.1:1", true),
            ("[0:0::1]:1", "[::1]:1", true), ("[::ffff:127.0.0.1]:1", "localhost:1", true),
            ("unix:/a", "unix:/a", true),
            ("127.0.0.1:1", "[::1]:1", false), ("127.0.0.2:1", "127.0.0.1:1", false), ("localhost:2", "[::1]:1", false),
            ("unix:/a", "unix:/b", false), ("a.example:1", "127.0.0.1:1", false),
        ])
    func reach(server: String, admin: String, isReached: Bool) throws {
        let server = try #require(SocketAddressConfiguration(text: server))
        let admin = try #require(SocketAddressConfiguration(text: admin))
        #expect(server.leads(to: admin) == isReached)
    }
}
