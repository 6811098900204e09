import IdentityProviders
import JOSE
import Outbound
import StrictJSON
import TLS
import Testing
import Transport

@testable import Configuration

/// The issuer of a configuration in which it is the only one, or what is wrong with that.
private func issuer(
    _ text: String, name: String = "https://idp.example.com/", environment: [String: String] = [:]
) throws -> IssuerConfiguration {
    try #require(try configuration(text, name: name, environment: environment).issuers.first)
}

private func configuration(
    _ text: String, name: String = "https://idp.example.com/", environment: [String: String] = [:]
) throws -> GatewayConfiguration {
    let file = """
        { "version": 1, "listeners": [ { "address": "127.0.0.1:8080" } ],
          "issuers": { "main": { "issuer": "\(name)", "audience": ["api"], \(text) } },
          "routes": [ { "id": "r", "path": "/r", "authenticated": true,
            "upstream": { "servers": ["http://127.0.0.1:8000"] } } ] }
        """
    var surroundings = Surroundings.fixed
    let others = surroundings.environment
    surroundings.environment = { environment[$0] ?? others($0) }
    return try GatewayConfiguration.read(Array(file.utf8), file: "gateway.json", surroundings: surroundings)
}

private let discovery = #""algorithms": ["ES256"], "keys": { "discovery": true }"#
private let fromURL = #""algorithms": ["ES256"], "keys": { "jwks_uri": "https://keys.example.com/jwks?a" }"#

private func introspection(_ more: String) -> String {
    """
    "keys": { "introspection": { "endpoint": "https://idp.example.com/introspect", "client_id": "gateway", \(more) } }
    """
}

private let bySecret = introspection(#""client_secret": { "env": "SECRET" }"#)

extension IssuerConfiguration {
    fileprivate var remote: RemoteKeysSettings? { if case .remote(let settings) = keySource { settings } else { nil } }
    fileprivate var introspection: IntrospectionSettings? {
        if case .introspection(let settings) = keySource { settings } else { nil }
    }
}

@Suite("configuration.md: keys that are fetched")
struct RemoteKeysReadingTests {
    @Test("what is not written has its documented default")
    func defaults() throws {
        let issuer = try issuer(discovery)
        let expected = RemoteKeysSettings(
            name: "main", issuer: "https://idp.example.com/", source: .discovery, client: OutboundSettings())
        #expect(issuer.remote == expected)
        #expect(expected.refreshInterval == .seconds(300) && expected.minimumInterval == .seconds(10))
        #expect(expected.maximumAge == .seconds(86400))
        #expect(expected.client.timeout == .seconds(5) && expected.client.connectionLimit == 16)
        #expect(issuer.keys.count == 0)
        #expect(issuer.algorithms == [.es256])
        #expect(!issuer.waitsForKeys)
        #expect(issuer.requiresExpiry)
    }

    @Test("every key arrives")
    func everything() throws {
        let issuer = try issuer(
            fromURL + """
                , "keys_at_start": "wait", "keys_refresh_interval": "1h", "keys_minimum_interval": "2m",
                "keys_maximum_age": "1h", "provider": { "timeout": "250ms", "connections": 3, "allow_http": true,
                  "tls": { "authorities": "authority.pem", "certificate": "server.pem", "key": { "file": "server.key" },
                    "server_name": "IDP.example.com." } }
                """)
        let remote = try #require(issuer.remote)
        #expect(remote.source == .url(try ServiceURL("https://keys.example.com/jwks?a")))
        #expect(issuer.waitsForKeys)
        #expect(remote.refreshInterval == .seconds(3600) && remote.maximumAge == .seconds(3600))
        #expect(remote.minimumInterval == .seconds(120))
        #expect(remote.client.timeout == .milliseconds(250))
        #expect(remote.client.connectionLimit == 3)
        #expect(remote.client.allowsCleartext)
        #expect(remote.client.tls.authorities == (try certificateFile("authority.pem").get()))
        #expect(remote.client.tls.certificate?.chain == (try certificateFile("server.pem").get()))
        #expect(remote.client.tls.serverName == "idp.example.com")
    }

    @Test("a name for certificates is there only where one is written")
    func serverName() throws {
        let remote = try issuer(fromURL + #", "provider": { "tls": { "authorities": "authority.pem" } }"#).remote
        #expect(remote?.client.tls.authorities != nil)
        #expect(remote?.client.tls.serverName == nil)
    }

    @Test(
        "a provider on this machine may be asked in the clear",
        arguments: ["http://localhost:1", "http://127.9.9.9/", "http://[::1]"])
    func loopback(url: String) throws {
        #expect(try issuer(discovery, name: url).remote?.source == .discovery)
        let keys = #""algorithms": ["ES256"], "keys": { "jwks_uri": "\#(url)" }"#
        #expect(try issuer(keys).remote?.source == .url(try ServiceURL(url)))
        #expect(try configuration(keys + #", "provider": { "allow_http": true }"#).warnings.isEmpty)
    }

    @Test("allow_http is warned of where it leads another machine")
    func cleartext() throws {
        let allowed = #", "provider": { "allow_http": true }"#
        let inTheClear = #""algorithms": ["ES256"], "keys": { "jwks_uri": "http://idp/" }"# + allowed
        #expect(try configuration(inTheClear).warnings.map(\.rule) == [.cleartextProvider])
        #expect(try configuration(discovery + allowed).warnings.map(\.rule) == [.cleartextProvider])
        #expect(try configuration(fromURL + allowed).warnings.isEmpty)
    }

    @Test("an interval that another one makes longer is warned of")
    func shortInterval() throws {
        let warnings = try configuration(discovery + #", "keys_refresh_interval": "5s""#).warnings
        #expect(warnings.map(\.rule) == [.withoutEffect])
        #expect(try configuration(discovery + #", "keys_refresh_interval": "10s""#).warnings.isEmpty)
    }

    @Test("a certificate that the gateway shows to a provider and that has expired is warned of")
    func expired() throws {
        let warnings = try configuration(
            discovery
                + #", "provider": { "tls": { "certificate": "expired.pem", "key": { "file": "expired.key" } } }"#
        ).warnings
        #expect(warnings.map(\.rule) == [.certificateDates])
    }

    @Test("the files of a provider are read through the surroundings, so that a change to one of them is noticed")
    func files() throws {
        var surroundings = Surroundings.fixed
        let others = surroundings.contentsOfFile
        var read: [String] = []
        surroundings.contentsOfFile = { path in
            read.append(path)
            return others(path)
        }
        let text = """
            { "version": 1, "listeners": [ { "address": "127.0.0.1:8080" } ], "revocations": { "file": "revocations.json" },
              "issuers": {
                "a": { "issuer": "https://a/", "audience": ["api"], \(discovery),
                  "provider": { "tls": { "authorities": "authority.pem" } } },
                "b": { "issuer": "https://b/", "audience": ["api"],
                  \(introspection(#""private_key": { "file": "server.key" }"#)) } },
              "routes": [ { "id": "r", "path": "/r", "public": true, "upstream": { "servers": ["http://a"] } } ] }
            """
        _ = try GatewayConfiguration.read(Array(text.utf8), file: "g.json", surroundings: surroundings)
        #expect(read == ["authority.pem", "server.key", "revocations.json"])
    }
}

@Suite("configuration.md: proxies between the gateway and identity providers")
struct ProviderProxyTests {
    private func proxies(_ choice: String?, _ environment: [String: String] = [:]) throws -> ProxySettings? {
        let provider = choice.map { #", "provider": { "proxy": "\#($0)" }"# } ?? ""
        return try issuer(discovery + provider, environment: environment).remote?.client.proxies
    }

    @Test("a proxy that is written serves all URLs, and none serves none, whatever the environment says")
    func written() throws {
        let environment = ["https_proxy": "http://other:1", "http_proxy": "http://other:1", "no_proxy": "*"]
        var expected = ProxySettings()
        #expect(try proxies("none", environment) == expected)
        expected.secure = try ServiceURL("http://proxy:3128")
        expected.cleartext = expected.secure
        #expect(try proxies("http://proxy:3128", environment) == expected)
    }

    @Test("the environment decides by default, and variables in lower case come first")
    func environment() throws {
        var expected = ProxySettings()
        #expect(try proxies(nil) == expected)
        expected.secure = try ServiceURL("http://upper:1")
        expected.exceptions = ["upper.test"]
        // HTTP_PROXY may be a field that a client sent.
        let upper = ["HTTPS_PROXY": "http://upper:1", "HTTP_PROXY": "http://evil:1", "NO_PROXY": "upper.test"]
        #expect(try proxies(nil, upper) == expected)
        expected.secure = try ServiceURL("http://lower:2")
        expected.cleartext = try ServiceURL("http://plain:3")
        expected.exceptions = ["a.test", ".b.test", "10.0.0.0/8"]
        let lower = [
            "https_proxy": "lower:2", "http_proxy": "http://plain:3/", "no_proxy": "a.test, .b.test,,10.0.0.0/8",
        ]
        #expect(try proxies("environment", upper.merging(lower) { $1 }) == expected)
        #expect(try proxies(nil, ["https_proxy": "", "HTTPS_PROXY": "http://upper:1"])?.secure?.host == "upper")
    }

    @Test(
        "a variable that is no proxy is reported by its name, without what it holds",
        arguments: ["https://hunter2:1", "http://joe:hunter2@proxy:1", "http://hunter2/path", "hunter2:0"])
    func unusable(value: String) {
        let errors = #expect(throws: ConfigurationErrors.self) { try proxies(nil, ["HTTPS_PROXY": value]) }
        #expect(errors?.errors.map(\.rule) == [.environment])
        #expect(errors?.errors.map(\.pointer) == ["/issuers/main/keys/discovery"])
        #expect(errors?.description.contains("\"HTTPS_PROXY\"") == true)
        #expect(errors?.description.contains("hunter2") == false)
    }

    @Test("variables that no provider needs are not looked at")
    func unneeded() throws {
        let local = #""algorithms": ["EdDSA"], "keys": { "jwks_file": "keys.json" }"#
        #expect(try issuer(local, environment: ["https_proxy": "https://a"]).keySource == .file("keys.json"))
    }
}

@Suite("configuration.md: issuers that are asked about tokens (RFC 7662)")
struct IntrospectionReadingTests {
    @Test("what is not written has its documented default")
    func defaults() throws {
        let asked = try issuer(bySecret)
        let expected = IntrospectionSettings(
            name: "main", endpoint: try ServiceURL("https://idp.example.com/introspect"), clientID: "gateway",
            authentication: .basic(secret: Array("0123456789abcdef0123456789abcdef".utf8)), client: OutboundSettings())
        #expect(asked.introspection == expected)
        #expect(expected.cacheLifetime == .seconds(30) && expected.negativeCacheLifetime == .seconds(5))
        #expect(asked.keys.count == 0)
        #expect(asked.algorithms.isEmpty)
        #expect(!asked.requiresExpiry)
        #expect(try issuer(bySecret + #", "require_expiry": true"#).requiresExpiry)
    }

    @Test("every key arrives")
    func everything() throws {
        let asked = try issuer(
            introspection(
                """
                "client_secret": "s", "auth_method": "client_secret_post", "cache_lifetime": "0s",
                "negative_cache_lifetime": "5m"
                """) + #", "provider": { "timeout": "1s" }"#
        ).introspection
        #expect(asked?.authentication == .post(secret: Array("s".utf8)))
        #expect(asked?.cacheLifetime == .seconds(0) && asked?.negativeCacheLifetime == .seconds(300))
        #expect(asked?.client.timeout == .seconds(1))
    }

    @Test("a private key signs with the usual algorithm of its type, or the one that is written")
    func privateKey() throws {
        func authentication(_ more: String) throws -> IntrospectionSettings.Authentication? {
            try issuer(introspection(more)).introspection?.authentication
        }
        var rsa = try certificateFile("rsa.key").get()
        rsa.removeLast()
        #expect(
            try authentication(#""private_key": { "file": "rsa.key" }"#)
                == .privateKey(pem: rsa, algorithm: .rs256, keyID: nil))
        #expect(
            try authentication(
                #""private_key": { "file": "rsa.key" }, "algorithm": "PS384", "key_id": "k", "auth_method": "private_key_jwt""#
            ) == .privateKey(pem: rsa, algorithm: .ps384, keyID: "k"))
    }

    @Test("in the effective configuration, an issuer shows the defaults that hold for it, and no secret")
    func effective() throws {
        let text = """
            { "version": 1, "listeners": [ { "address": "127.0.0.1:8080", "external_url": "https://a" },
                { "address": "127.0.0.1:8081" } ], "state_directory": "state",
              "token_locations": { "header": "X-Token", "cookie": "c" },
              "issuers": {
                "asked": { "issuer": "a", "audience": ["api"], \(introspection(#""client_secret": "hunter2""#)) },
                "key": { "issuer": "b", "audience": ["api"],
                  \(introspection(#""private_key": { "file": "server.key" }"#)) },
                "fetched": { "issuer": "https://b/", "audience": ["api"], \(discovery) },
                "local": { "issuer": "c", "audience": ["api"], "algorithms": ["EdDSA"], "keys": { "jwks_file": "keys.json" } }
              },
              "routes": [ { "id": "r", "path": "/r", "authenticated": true, "issuers": ["local"],
                "upstream": { "servers": ["http://a"] } } ] }
            """
        func effective(_ text: String) throws -> [UInt8] {
            try EffectiveConfiguration.text(of: Array(text.utf8), file: "g.json", surroundings: .fixed)
        }
        let bytes = try effective(text)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("hunter2"))
        #expect(try effective(String(decoding: bytes, as: UTF8.self)) == bytes)
        let root = try JSONReader.read(bytes.span)
        let issuers = try #require(root["issuers"])
        #expect(issuers["asked"]?["require_expiry"]?.bool == false)
        #expect(issuers["asked"]?["keys_at_start"] == nil)
        #expect(issuers["asked"]?["provider"]?["proxy"]?.string == "environment")
        #expect(issuers["asked"]?["keys"]?["introspection"]?["auth_method"]?.string == "client_secret_basic")
        #expect(issuers["key"]?["keys"]?["introspection"]?["auth_method"]?.string == "private_key_jwt")
        #expect(issuers["fetched"]?["keys_at_start"]?.string == "serve")
        #expect(issuers["fetched"]?["keys_maximum_age"]?.string == "24h")
        #expect(issuers["fetched"]?["provider"]?["connections"]?.number?.integer == 16)
        #expect(issuers["fetched"]?["require_expiry"]?.bool == true)
        for key in ["keys_at_start", "keys_refresh_interval", "keys_minimum_interval", "keys_maximum_age", "provider"] {
            #expect(issuers["local"]?[key] == nil, "\(key)")
        }
        #expect(root["listeners"]?.array?.map { $0["resource_metadata"]?.bool } == [true, nil])
        #expect(root["token_locations"]?["cookie"]?.string == "c")
        #expect(root["state_directory"]?.string == "state")
    }
}
