import Outbound
import Testing

@testable import IdentityProviders

@Suite("OpenID Connect Discovery 1.0 §4 and RFC 8414 §3: metadata")
struct ProviderMetadataTests {
    /// What a document comes to: the URL of the keys, or what is wrong.
    private func outcome(
        _ result: Result<OutboundResponse, OutboundError>, for settings: RemoteKeysSettings
    ) throws -> String {
        let response = try result.get()
        do throws(MetadataFault) {
            return try ProviderMetadata(response, for: settings).keys.description
        } catch {
            switch error {
            case .absent(let fault): return "absent at \(fault.stage.rawValue): \(fault.detail)"
            case .wrong(let detail): return "wrong: \(detail)"
            }
        }
    }

    @Test(
        "The well-known name stands behind the issuer's path, or before it",
        arguments: [
            (
                "https://a.test", "https://a.test/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server"
            ),
            (
                "https://a.test/", "https://a.test/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server"
            ),
            (
                "https://a.test:8443/realms/b", "https://a.test:8443/realms/b/.well-known/openid-configuration",
                "https://a.test:8443/.well-known/oauth-authorization-server/realms/b"
            ),
            (
                "https://a.test/b/", "https://a.test/b/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server/b"
            ),
        ])
    func places(_ issuer: String, _ first: String, _ second: String) throws {
        #expect(try ProviderMetadata.places(of: issuer).map(\.description) == [first, second])
    }

    @Test(
        "An issuer that is no URL, or has a query, has no places",
        arguments: ["issuer", "https://a.test/?b", "ftp://a"])
    func noPlaces(_ issuer: String) {
        #expect(throws: ServiceURLError.self) { try ProviderMetadata.places(of: issuer) }
    }

    @Test(
        "The issuer must be exactly the one that is meant (§4.3, §3.3)",
        arguments: ["https://issuer.test/", "https://ISSUER.test", "x"])
    func otherIssuer(_ issuer: String) throws {
        let found = try outcome(answer(SampleKeys.metadata(issuer: issuer)), for: .sample())
        #expect(found == "wrong: the metadata is that of the issuer \"\(issuer)\"")
    }

    @Test("The media type does not matter", arguments: ["application/json", "text/html", "text/plain", nil])
    func mediaType(_ type: String?) throws {
        let found = try outcome(answer(SampleKeys.metadata(), mediaType: type), for: .sample())
        #expect(found == "https://issuer.test/keys")
    }

    @Test(
        "What is no metadata says why",
        arguments: [
            ("<html>", 200, "text/html", "absent at parse: answers text/html, not JSON"),
            ("{}", 404, "application/json", "absent at http: status 404"),
            ("[]", 200, "application/json", "absent at parse: not a JSON object"),
            ("{}", 200, "application/json", "absent at parse: no metadata: \"issuer\" is missing"),
            (
                "{\"issuer\":\"https://issuer.test\"}", 200, "application/json",
                "wrong: the metadata has no \"jwks_uri\""
            ),
            (
                "{\"issuer\":\"https://issuer.test\",\"jwks_uri\":\"keys\"}", 200, "application/json",
                "wrong: \"jwks_uri\": the URL does not begin with https:// or http://"
            ),
        ])
    func refused(_ text: String, _ status: Int, _ type: String, _ expected: String) throws {
        #expect(try outcome(answer(text, status: status, mediaType: type), for: .sample()) == expected)
    }

    @Test("No text that ends too early is metadata")
    func prefixes() throws {
        let text = SampleKeys.metadata()
        for end in 0..<text.utf8.count {
            let part = String(text.prefix(end))
            #expect(try outcome(answer(part), for: .sample()).hasPrefix("absent at parse: not JSON"))
        }
    }

    @Test(
        "Only a provider on this machine names http URLs of this machine, unless others are allowed",
        arguments: [
            ("https://issuer.test", "http://127.0.0.1/keys", false, false),
            ("https://issuer.test", "http://other.test/keys", false, false),
            ("https://issuer.test", "http://other.test/keys", true, true),
            ("http://localhost:8080", "http://127.0.0.1/keys", false, true),
            ("http://localhost:8080", "http://other.test/keys", false, false),
            ("https://issuer.test", "https://other.test/keys", false, true),
        ])
    func cleartext(_ issuer: String, _ url: String, _ isAllowed: Bool, _ isGood: Bool) throws {
        var settings = try RemoteKeysSettings.sample(issuer: issuer)
        settings.client.allowsCleartext = isAllowed
        let found = try outcome(answer(SampleKeys.metadata(issuer: issuer, keys: url)), for: settings)
        #expect(found == (isGood ? url : "wrong: \"jwks_uri\" is an http URL, which is not allowed"))
    }
}
