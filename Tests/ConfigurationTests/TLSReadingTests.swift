import Bytes
import TLS
import Testing

@testable import Configuration

/// A configuration with the given listener and upstream.
private func configuration(
    listener: String = "", upstream: String = #""servers": ["http://127.0.0.1:8000"]"#, routed: String = "\"u\"",
    top: String = "", file: String = "gateway.json"
) throws -> GatewayConfiguration {
    let text = """
        { "version": 1, \(top) "listeners": [ { "address": "127.0.0.1:8443" \(listener) } ],
          "upstreams": { "u": { \(upstream) } },
          "routes": [ { "id": "r", "path": "/r", "public": true, "upstream": \(routed) } ] }
        """
    return try GatewayConfiguration.read(Array(text.utf8), file: file, surroundings: .fixed)
}

private let certificate = #"{ "certificate": "server.pem", "key": { "file": "server.key" } }"#

private func content(_ name: String) throws -> [UInt8] { try certificateFile(name).get() }

@Suite("configuration.md: the TLS of a listener")
struct ListenerTLSTests {
    @Test("a listener without tls is cleartext, and speaks HTTP/2 unless told otherwise")
    func cleartext() throws {
        let listener = try #require(try configuration().listeners.first)
        #expect(listener.tls == nil)
        #expect(listener.speaksHTTP2)
        #expect(listener.scheme == .http)
        #expect(try configuration(listener: #", "http2": false"#).listeners.first?.speaksHTTP2 == false)
    }

    @Test("what is not written has its documented default")
    func defaults() throws {
        let listener = try #require(
            try configuration(listener: #", "tls": { "certificates": [\#(certificate)] }"#).listeners.first)
        let expected = ServerTLSSettings(certificates: [
            ServerTLSSettings.Certificate(chain: try content("server.pem"), key: try content("server.key").dropLast())
        ])
        #expect(listener.tls == expected)
        #expect(expected.clientCertificate == .none && expected.minimumVersion == .tls12 && expected.offersHTTP2)
        #expect(listener.scheme == .https)
    }

    @Test("every key arrives")
    func everything() throws {
        let twin = #"{ "certificate": "twin.pem", "key": { "file": "twin.key" } }"#
        let listener = try #require(
            try configuration(
                listener: """
                    , "http2": false, "tls": { "certificates": [\(certificate), \(twin)],
                      "client_authorities": "authority.pem", "client_certificate": "optional",
                      "client_revocations": "revoked.crl", "minimum_version": "1.3" }
                    """
            ).listeners.first)
        let tls = try #require(listener.tls)
        #expect(tls.certificates.map(\.chain) == [try content("server.pem"), try content("twin.pem")])
        #expect(tls.clientAuthorities == (try content("authority.pem")))
        #expect(tls.clientRevocations == (try content("revoked.crl")))
        #expect(tls.clientCertificate == .optional)
        #expect(tls.minimumVersion == .tls13)
        #expect(!tls.offersHTTP2)
    }

    @Test("clients use the scheme of the external URL where there is one")
    func scheme() throws {
        #expect(try configuration(listener: #", "external_url": "https://a""#).listeners.first?.scheme == .https)
        #expect(try configuration(listener: #", "external_url": "http://a""#).listeners.first?.scheme == .http)
    }

    @Test("files are read through the surroundings, so that a change to one of them is noticed")
    func files() throws {
        let shelf = Shelf()
        for name in ["server.pem", "server.key", "authority.pem", "revoked.crl"] {
            shelf.files[name] = try content(name)
        }
        shelf.files["tickets"] = Array(repeating: 7, count: 48)
        let text = """
            { "version": 1,
              "listeners": [ { "address": "127.0.0.1:8443", "tls": { "certificates": [\(certificate)],
                "client_authorities": "authority.pem", "client_certificate": "required",
                "client_revocations": "revoked.crl", "ticket_keys": ["tickets"] } } ],
              "routes": [ { "id": "r", "path": "/r", "public": true, "upstream": { "servers": ["https://app.test"],
                "tls": { "authorities": "authority.pem" } } } ] }
            """
        let read = ReadFiles(shelf.surroundings)
        let configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "g.json", surroundings: read.recording)
        #expect(configuration.listeners.first?.tls?.ticketKeys == [Array(repeating: 7, count: 48)])
        #expect(!read.haveChanged)
        for name in shelf.files.keys.sorted() {
            let before = shelf.files.updateValue([], forKey: name)
            #expect(read.haveChanged, "\(name)")
            shelf.files[name] = before
            #expect(!read.haveChanged, "\(name)")
        }
    }
}

@Suite("configuration.md: TLS and HTTP/2 to upstreams")
struct UpstreamTLSTests {
    private func upstream(_ text: String) throws -> UpstreamConfiguration {
        try #require(try configuration(upstream: text).upstreams.first)
    }

    @Test(
        "a server's name has no port that is its scheme's",
        arguments: [
            ("https://App.example", "app.example", "app.example:443"), ("https://a:443/", "a", "a:443"),
            ("https://a:80", "a:80", "a:80"), ("http://a:443", "a:443", "a:443"),
            ("https://[::1]", "[::1]", "[::1]:443"),
            ("http://a:80", "a", "a:80"), ("http://a", "a", "a:80"),
        ])
    func authority(url: String, authority: String, address: String) throws {
        let server = try #require(try upstream(#""servers": ["\#(url)"]"#).servers.first)
        #expect(server.authority == authority)
        #expect(server.address.description == address)
        #expect(server.scheme == (url.hasPrefix("https") ? .https : .http))
    }

    @Test("an https server must prove its own name, by an authority of the system")
    func plainTLS() throws {
        let upstream = try upstream(#""servers": ["https://App.example.:8443"]"#)
        #expect(upstream.tls == ClientTLSSettings(serverName: "app.example"))
        #expect(upstream.tls?.verifies == true)
        #expect(upstream.applicationProtocol == .http11)
        #expect(try self.upstream(#""servers": ["https://[::1]"]"#).tls?.serverName == "::1")
        #expect(try self.upstream(#""servers": ["http://app.example"]"#).tls == nil)
    }

    @Test("every key arrives, also inside a route")
    func everything() throws {
        let text = """
            "servers": [{ "url": "https://10.0.0.1" }], "protocol": "h2", "tls": { "authorities": "authority.pem",
              "certificate": "server.pem", "key": { "file": "server.key" }, "server_name": "App.test." }
            """
        var expected = ClientTLSSettings(serverName: "app.test")
        expected.authorities = try content("authority.pem")
        expected.certificate = ClientTLSSettings.Certificate(
            chain: try content("server.pem"), key: try content("server.key").dropLast())
        expected.applicationProtocol = .http2
        let named = try upstream(text)
        #expect(named.tls == expected)
        #expect(named.applicationProtocol == .http2)
        let inside = try configuration(routed: "{ \(text) }")
        #expect(inside.upstreams.last?.tls == expected)
        #expect(try upstream(#""servers": ["https://a"], "tls": { "verify": false }"#).tls?.verifies == false)
    }

    @Test("h2c is HTTP/2 without TLS")
    func priorKnowledge() throws {
        let upstream = try upstream(#""servers": ["http://a"], "protocol": "h2c""#)
        #expect(upstream.applicationProtocol == .http2)
        #expect(upstream.tls == nil)
    }

    @Test("a literal upstream_host must be proven, and a client's host never is asked for")
    func serverNames() throws {
        let plain = try upstream(#""servers": ["https://server.test"]"#)
        let named = try upstream(#""servers": ["https://server.test"], "tls": { "server_name": "written.test" }"#)
        for (host, name) in [
            (.client, "server.test"), (.upstream, "server.test"), (.literal("App.test:8443"), "app.test"),
            (.literal("[::2]"), "::2"), (.literal("app.test."), "app.test"),
        ] as [(UpstreamHostConfiguration, String)] {
            #expect(plain.tls(sending: host)?.serverName == name)
            #expect(named.tls(sending: host)?.serverName == "written.test")
        }
        #expect(try upstream(#""servers": ["http://a"]"#).tls(sending: .literal("b")) == nil)
    }

    @Test("http and https URLs of one address lead to the same server")
    func destination() throws {
        let https = try upstream(#""servers": ["https://A.example"]"#)
        #expect(https.destination == (try upstream(#""servers": ["http://a.example:443"]"#).destination))
        #expect(https.destination != (try upstream(#""servers": ["http://a.example"]"#).destination))
        let error = #expect(throws: ConfigurationErrors.self) {
            _ = try configuration(
                upstream: #""servers": ["https://127.0.0.1"]"#, top: #""admin": { "address": "localhost:443" },"#)
        }
        #expect(error?.errors.map(\.rule) == [.exposedAdmin])
    }
}
