import StrictJSON
import Testing

@testable import Configuration

@Suite("configuration.md: what check warns about")
struct ConfigurationReviewTests {
    /// The warnings about a valid configuration around the given parts, as rules and pointers.
    private func warnings(
        top: String = "", listener: String = "", issuer: String = "", scopes: String = #""a": "A", "b": "B""#,
        roles: String = #""x": { "scopes": ["b"] }"#,
        audience: String = #"["api"]"#, upstream: String = #""servers": ["http://127.0.0.1:8000"]"#,
        defaults: String = "", routes: String
    ) throws -> [String] {
        let text = """
            { "version": 1, \(top) "listeners": [ { "address": "0.0.0.0:8080" \(listener) } ],
              "scopes": { \(scopes) }, "roles": { \(roles) },
              "issuers": { \(issuer) "main": { "issuer": "https://idp/", "audience": \(audience), "algorithms": ["EdDSA"],
                "keys": { "jwks_file": "keys.json" } }, "other": { "issuer": "https://other/", "audience": ["api"],
                "algorithms": ["EdDSA"], "keys": { "jwks_file": "keys.json" } } },
              "upstreams": { "items": { \(upstream) } },
              "route_defaults": { "upstream": "items" \(defaults) },
              "routes": [ { "id": "a", "path": "/only/a", "scopes": ["a"] }, \(routes) ] }
            """
        let configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "gateway.json", surroundings: .fixed)
        return configuration.warnings.map { "\($0.rule.rawValue) \($0.pointer)" }
    }

    private let plain = #"{ "id": "r", "path": "/r", "public": true }"#

    @Test("what is usual is not worth a warning")
    func silence() throws {
        #expect(try warnings(routes: plain) == [])
        #expect(
            try warnings(
                listener: #", "external_url": "https://api.example.com""#,
                routes:
                    #"{ "id": "r", "path": "/r", "methods": ["GET", "PURGE", "PROPFIND", "QUERY"], "public": true }"#)
                == [])
        #expect(try warnings(listener: #", "external_url": "http://localhost:1""#, routes: plain) == [])
    }

    @Test("a shadow route is warned about, wherever shadow is written")
    func shadow() throws {
        let own = #"{ "id": "r", "path": "/r", "authenticated": true, "shadow": true }"#
        #expect(try warnings(routes: own) == ["shadow_route /routes/1/shadow"])
        let other = #"{ "id": "r", "path": "/r", "authenticated": true, "shadow": false }"#
        #expect(
            try warnings(defaults: #", "shadow": true"#, routes: other) == ["shadow_route /route_defaults/shadow"])
    }

    @Test(
        "streams that no token ends need not outlive theirs: this is warned about, unless it is a default",
        arguments: [
            (#""public": true"#, #""outlive_token": true"#, true),
            (#""authenticated": true, "shadow": true"#, #""outlive_token": true"#, true),
            (#""public": true"#, #""outlive_token": false"#, false),
            (#""authenticated": true"#, #""outlive_token": true"#, false),
        ])
    func outliving(access: String, key: String, isWarned: Bool) throws {
        let route = #"{ "id": "r", "path": "/r", \#(access)"#
        let shadow = access.contains("shadow") ? ["shadow_route /routes/1/shadow"] : []
        #expect(
            Set(try warnings(routes: "\(route), \(key) }"))
                == Set(shadow + (isWarned ? ["without_effect /routes/1/outlive_token"] : [])))
        #expect(try warnings(defaults: ", \(key)", routes: "\(route) }") == shadow)
    }

    @Test("an audience of any is warned about")
    func anyAudience() throws {
        #expect(try warnings(audience: #""any""#, routes: plain) == ["any_audience /issuers/main/audience"])
    }

    @Test("a key that never expires is warned about, and one that has expired")
    func keys() throws {
        var number = 0
        let keys = ["", "2027-01-31T00:00:00Z", "2027-01-31T00:00:01Z"].map { expiry in
            number += 1
            let hash = String(repeating: "\(number)", count: 64)
            let expires = expiry.isEmpty ? "" : #", "expires": "\#(expiry)""#
            return #""k\#(number)": { "hash": "sha256:\#(hash)"\#(expires) }"#
        }
        let top = #""api_keys": { "keys": { \#(keys.joined(separator: ",")) } },"#
        #expect(
            try warnings(top: top, routes: plain)
                == ["lasting_key /api_keys/keys/k1", "expired_key /api_keys/keys/k2/expires"])
    }

    @Test("a scope that is neither required nor granted is warned about, and a role without effect")
    func unused() throws {
        #expect(
            try warnings(scopes: #""a": "A", "b": "B", "c": "C""#, routes: plain) == ["unused_scope /scopes/c"])
        #expect(
            try warnings(roles: #""x": { "scopes": ["b"] }, "y": {}, "z": {}"#, routes: plain)
                == ["unused_role /roles/y", "unused_role /roles/z"])
        let asked = #"{ "id": "r", "path": "/r", "roles": ["y"] }"#
        #expect(
            try warnings(
                roles: #""x": { "scopes": ["b"] }, "y": {}, "w": { "includes": ["z"] }, "z": {}"#, routes: asked)
                == [])
    }

    @Test(
        "a method that is nearly a standard one is warned about",
        arguments: [("GTE", true), ("DELTE", true), ("OPTION", true), ("PURGE", false), ("MOVE", false)])
    func methods(name: String, isWarned: Bool) throws {
        let route = #"{ "id": "r", "path": "/r", "methods": ["GET", "\#(name)"], "public": true }"#
        #expect(try warnings(routes: route) == (isWarned ? ["mistyped_method /routes/1/methods/1"] : []))
    }

    @Test("an external URL that asks clients to send tokens in the clear is warned about")
    func cleartext() throws {
        let url = #", "external_url": "http://api.example.com""#
        #expect(try warnings(listener: url, routes: plain) == ["cleartext_tokens /listeners/0/external_url"])
    }

    /// It is the beginning of 31 January 2027; see `Certificates/make`.
    @Test(
        "a certificate that has expired, is not valid yet or expires within 14 days is warned about, on both sides",
        arguments: [
            ("expired", "the certificate has expired, on Sat, 30 Jan 2027 00:00:00 GMT"),
            ("future", "the certificate is not valid before Mon, 01 Feb 2027 00:00:00 GMT"),
            ("expiring", "the certificate expires on Wed, 10 Feb 2027 00:00:00 GMT"),
        ])
    func certificateDates(name: String, words: String) throws {
        let certificate = #""certificate": "\#(name).pem", "key": { "file": "\#(name).key" }"#
        let text = """
            { "version": 1, "listeners": [ { "address": "127.0.0.1:8443", "tls": { "certificates": [
                { "certificate": "server.pem", "key": { "file": "server.key" } }, { \(certificate) } ] } } ],
              "upstreams": { "u": { "servers": ["https://a"], "tls": { \(certificate) } } },
              "routes": [ { "id": "named", "path": "/n", "public": true, "upstream": "u" },
                { "id": "inline", "path": "/i", "public": true,
                  "upstream": { "servers": ["https://b"], "tls": { \(certificate) } } } ] }
            """
        let warnings = try GatewayConfiguration.read(
            Array(text.utf8), file: "gateway.json", surroundings: .fixed
        ).warnings
        #expect(
            warnings.map { "\($0.rule.rawValue) \($0.pointer)" } == [
                "certificate_dates /listeners/0/tls/certificates/1/certificate",
                "certificate_dates /upstreams/u/tls/certificate",
                "certificate_dates /routes/1/upstream/tls/certificate",
            ])
        #expect(warnings.allSatisfy { $0.message.hasPrefix(words) && $0.message.contains("refuse it") })
    }

    @Test(
        "a warning about a certificate begins and ends at its seconds",
        arguments: [
            ("expiring", 1_802_217_600 - 14 * 86400 - 1, 0), ("expiring", 1_802_217_600 - 14 * 86400, 1),
            ("expiring", 1_802_217_599, 1), ("expired", 1_801_267_199, 1), ("future", 1_801_439_999, 1),
            ("future", 1_801_440_000, 0),
        ])
    func certificateBounds(name: String, now: Int, count: Int) throws {
        let text = """
            { "version": 1, "listeners": [ { "address": "127.0.0.1:8443", "tls": { "certificates": [
                { "certificate": "\(name).pem", "key": { "file": "\(name).key" } } ] } } ],
              "routes": [ { "id": "r", "path": "/r", "public": true, "upstream": { "servers": ["http://a"] } } ] }
            """
        var surroundings = Surroundings.fixed
        surroundings.now = now
        let configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "gateway.json", surroundings: surroundings)
        #expect(configuration.warnings.count == count)
    }

    private let tls =
        #", "tls": { "certificates": [{ "certificate": "server.pem", "key": { "file": "server.key" } }] }"#

    @Test("a listener with TLS needs no external URL, and one of http is warned about")
    func tlsListener() throws {
        #expect(try warnings(listener: tls, routes: plain) == [])
        #expect(
            try warnings(listener: tls + #", "external_url": "http://api.example.com""#, routes: plain)
                == ["scheme_mismatch /listeners/0/external_url"])
    }

    @Test("servers that need not prove who they are are warned about, wherever the upstream is written")
    func unverified() throws {
        let upstream = #""servers": ["https://a"], "tls": { "verify": false }"#
        #expect(try warnings(upstream: upstream, routes: plain) == ["unverified_upstream /upstreams/items/tls/verify"])
        #expect(
            try warnings(routes: #"{ "id": "r", "path": "/r", "public": true, "upstream": { \#(upstream) } }"#)
                == ["unverified_upstream /routes/1/upstream/tls/verify"])
        #expect(try warnings(upstream: upstream.replacing("false", with: "true"), routes: plain) == [])
    }

    @Test("passwords that may cross a network in the clear are warned about, unless TLS is spoken here or in front")
    func cleartextPasswords() throws {
        let issuer = """
            "built-in": { "issuer": "http://localhost", "audience": ["api"], "token_endpoint": { "path": "/token",
              "signing_key": { "file": "k" }, "clients": { "c": { "secret": "\(hash)", "scopes": ["b"] } } } },
            """
        let warned = ["cleartext_passwords /issuers/built-in/token_endpoint"]
        #expect(try warnings(issuer: issuer, routes: plain) == warned)
        #expect(try warnings(listener: tls, issuer: issuer, routes: plain) == [])
        let url = #", "external_url": "https://api.example.com""#
        #expect(try warnings(listener: url, issuer: issuer, routes: plain) == [])
    }

    private let hash = "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$GEDJYvr1TTZZVHi5iklTNhA/nLp9g5KhNbwch1iOI78"

    @Test(
        "a route with a host and a weaker twin for all hosts is warned about",
        arguments: [
            (#""scopes": ["a"]"#, #""public": true"#, true), (#""scopes": ["a"]"#, #""authenticated": true"#, true),
            (#""scopes": ["a", "b"]"#, #""scopes": ["a"]"#, true),
            (#""scopes": ["a"]"#, #""scopes": ["a", "b"]"#, false),
            (#""any_scopes": [["a"], ["b"]]"#, #""scopes": ["b"]"#, false),
            (#""scopes": ["b"]"#, #""any_scopes": [["a"], ["b"]]"#, true),
            (#""roles": ["x"]"#, #""roles": ["y"]"#, false), (#""roles": ["y"]"#, #""roles": ["x"]"#, true),
            (#""roles": ["x"]"#, #""scopes": ["a"]"#, true), (#""authenticated": true"#, #""scopes": ["a"]"#, false),
            (#""authenticated": true, "issuers": ["main"]"#, #""authenticated": true"#, true),
            (#""authenticated": true"#, #""authenticated": true, "issuers": ["main"]"#, false),
            (#""public": true"#, #""public": true"#, false),
            (#""scopes": ["a"], "methods": ["PUT"]"#, #""public": true, "methods": ["GET"]"#, false),
        ])
    func weakerTwin(own: String, twin: String, isWarned: Bool) throws {
        let routes = """
            { "id": "h", "host": "api.example.com", "path": "/h/{id}", \(own) }, { "id": "t", "path": "/h/{rest...}", \(twin) }
            """
        let result = try warnings(
            roles: #""x": { "scopes": ["b"] }, "y": { "includes": ["x"], "scopes": ["a"] }"#, routes: routes)
        #expect(result == (isWarned ? ["weaker_twin /routes/1/host"] : []))
    }

    @Test("a secret in the file is warned about, and not shown")
    func inlineSecret() throws {
        let text = #"{ "one": "hunter2", "two": { "file": "f" }, "three": [{ "env": "E" }, "hunter3"] }"#
        let problems = ProblemCollector(source: SourceText(bytes: Array(text.utf8), file: "f.json"))
        let shape = Shape.object(
            ObjectShape([Key("one", .secret, "."), Key("two", .secret, "."), Key("three", .list(.secret), ".")]))
        let root = Cursor(node: try JSONReader.read(text.utf8.span), pointer: .root)
        problems.hide(SecretPlaces(in: root, shape).ranges)
        ConfigurationReview.warnOfInlineSecrets(in: root, shape, problems)
        let findings = problems.findings(.warning)
        #expect(findings.map(\.pointer) == ["/one", "/three/1"])
        #expect(!findings.description.contains("hunter"))
        #expect(findings.first?.sourceLine.contains(#""one": "*******", "two""#) == true)
    }
}
