import Bytes
import StrictJSON
import Testing

@testable import Configuration

@Suite("configuration.md: the effective configuration")
struct EffectiveConfigurationTests {
    private func effective(_ text: String) throws -> String {
        let bytes = try EffectiveConfiguration.text(
            of: Array(text.utf8), file: "gateway.json", surroundings: .fixed)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func file(top: String = "", defaults: String = "", routes: String) -> String {
        """
        { "$schema": "s", "version": 1, \(top) "listeners": [ { "$comment": "c ${d}", "address": "127.0.0.1:${PORT}" } ],
          "scopes": { "$comment": "all", "a": "A", "b": "B" }, "roles": { "x": { "scopes": ["a"] } },
          "issuers": { "main": { "issuer": "https://idp/", "audience": ["$${x}"], "algorithms": ["EdDSA"],
            "keys": { "jwks_file": "keys.json" } } },
          "route_defaults": { "upstream": { "servers": ["http://127.0.0.1:8000"] } \(defaults) },
          "routes": [ \(routes) ] }
        """
    }

    private let routes = """
        { "id": "p", "path": "/p", "public": true }, { "id": "s", "path": "/s", "scopes": ["b"], "timeout": "1s" },
        { "id": "d", "path": "/d" }
        """

    @Test("the effective configuration means the same and is its own effective configuration")
    func meaning() throws {
        let text = file(
            top: """
                "grant": "token", "limits": { "timeout": "7s", "max_body": "1MiB", "stream_idle_timeout": "8s" },
                "token_locations": { "websocket_protocol": "bearer" },
                """,
            defaults: """
                , "roles": ["x"], "issuers": ["main"], "shadow": true, "allow": ["parameters"], "outlive_token": true
                """,
            routes: routes)
        let result = try effective(text)
        #expect(try effective(result) == result)
        let before = try GatewayConfiguration.read(Array(text.utf8), file: "g.json", surroundings: .fixed)
        let after = try GatewayConfiguration.read(Array(result.utf8), file: "g.json", surroundings: .fixed)
        #expect(after.listeners == before.listeners)
        #expect(after.limits == before.limits)
        #expect(after.tokenLocations == before.tokenLocations)
        #expect(after.accessLog == before.accessLog)
        #expect(after.refusals == before.refusals)
        #expect(after.upstreams == before.upstreams)
        #expect(after.issuers.map(\.audience) == [.oneOf(["${x}"])])
        #expect(after.issuers.map(\.grant) == [.token])
        for (one, other) in zip(before.routes, after.routes) {
            #expect(one.access == other.access)
            #expect(one.upstream == other.upstream)
            #expect(one.allow == other.allow)
            #expect(
                [one.timeout, one.idleTimeout, one.streamIdleTimeout]
                    == [other.timeout, other.idleTimeout, other.streamIdleTimeout])
            #expect(one.maximumBody == other.maximumBody)
            #expect(one.isShadow == other.isShadow)
            // Tokens do not matter on a public route.
            #expect(one.issuers == other.issuers || one.access == .everyone)
            #expect(one.outlivesToken == other.outlivesToken || one.access == .everyone)
        }
        #expect(after.routes.map(\.timeout) == [.seconds(7), .seconds(1), .seconds(7)])
    }

    @Test("the shipped example reads as its effective configuration reads")
    func shipped() throws {
        let bytes = try FileContents.read("\(testDirectory)/../../gateway.json", limit: 1 << 20)
        let result = try effective(String(decoding: bytes, as: UTF8.self))
        // A hash is not shown, and nothing else will do in its place.
        let hash = "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$GEDJYvr1TTZZVHi5iklTNhA/nLp9g5KhNbwch1iOI78"
        #expect(!result.contains("$scrypt$"))
        #expect(try effective(result.replacing("***", with: hash)) == result)
    }

    @Test("every optional key with a default appears, and keys without one stay away")
    func defaults() throws {
        let result = try JSONReader.read(try effective(file(defaults: #", "roles": ["x"]"#, routes: routes)).utf8.span)
        for (name, shape) in [("limits", Shape.limits)] {
            guard case .object(let object) = shape else { continue }
            #expect(result[name]?.object?.map(\.name) == object.keys.map(\.name))
        }
        #expect(result["refusals"]?["realm"]?.string == "gateway")
        #expect(result["access_log"]?["output"]?.string == "stdout")
        #expect(result["forwarding"]?["via"]?.bool == true)
        #expect(result["issuers"]?["main"]?["claims"]?["client"]?.array?.count == 2)
        #expect(result["issuers"]?["main"]?["maximum_lifetime"] == nil)
        #expect(result["workers"] == nil)
        #expect(result["token_locations"] == nil)
        #expect(result["admin"] == nil)
        #expect(result["listeners"]?.array?.first?["address"]?.string == "127.0.0.1:9000")
        #expect(result["listeners"]?.array?.first?["$comment"]?.string == "c ${d}")
        #expect(result["$schema"]?.string == "s")
        #expect(result["scopes"]?["$comment"]?.string == "all")
    }

    @Test("a secret is shown as asterisks, and where it is taken from is shown")
    func secrets() throws {
        let text = file(defaults: #", "roles": ["x"]"#, routes: routes).replacing(
            #"{ "jwks_file": "keys.json" }"#,
            with:
                #"{ "jwks": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "d": "hidden", "kid": "one", "key_ops": ["verify"], "future": [{ "r": "hidden" }], "D": "hidden", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] } }"#
        )
        let result = try effective(text)
        #expect(!result.contains("hidden"))
        #expect(result.contains(#""d": "***""#))
        #expect(result.contains(#""kid": "one""#))
        #expect(result.contains(#""key_ops": ["verify"]"#))
        #expect(result.contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    }

    @Test("TLS is shown where it is spoken, and nowhere else")
    func tls() throws {
        let certificate = #"{ "certificate": "server.pem", "key": { "file": "server.key" } }"#
        let top = """
            "upstreams": { "secure": { "servers": ["https://a"], "protocol": "h2", "tls": {} },
              "plain": { "servers": ["http://a"] } },
            """
        let plain = file(top: top, defaults: #", "roles": ["x"]"#, routes: routes)
        let text = plain.replacing(
            #""address": "127.0.0.1:${PORT}""#,
            with: #""address": "a:1", "tls": { "certificates": [\#(certificate)] }"#)
        let result = try effective(text)
        #expect(try effective(result) == result)
        let root = try JSONReader.read(result.utf8.span)
        let listener = root["listeners"]?.array?.first
        #expect(listener?["tls"]?["client_certificate"]?.string == "none")
        #expect(listener?["tls"]?["minimum_version"]?.string == "1.2")
        #expect(listener?["tls"]?["certificates"]?.array?.first?["key"]?["file"]?.string == "server.key")
        #expect(listener?["http2"]?.bool == true)
        #expect(root["upstreams"]?["secure"]?["tls"]?["verify"]?.bool == true)
        #expect(root["upstreams"]?["plain"]?["protocol"]?.string == "http/1.1")
        #expect(root["upstreams"]?["plain"]?["tls"] == nil)
        let cleartext = try JSONReader.read(try effective(plain).utf8.span)
        #expect(cleartext["listeners"]?.array?.first?["tls"] == nil)
    }
}
