import Bytes
import HTTP
import JOSE
import Outbound
import Testing

@testable import IdentityProviders

extension OutboundRequest {
    fileprivate var form: String { content.span.text }

    fileprivate func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

@Suite("RFC 7662 §2.1: the question to an introspection endpoint")
struct IntrospectionRequestTests {
    private static func request(
        about token: String = "abc", clientID: String = "gateway",
        _ authentication: IntrospectionSettings.Authentication = .basic(secret: Array("secret".utf8))
    ) throws -> OutboundRequest {
        let settings = try IntrospectionSettings.sample(clientID: clientID, authentication: authentication)
        return try IntrospectionEndpoint(settings).request(about: Array(token.utf8), now: 1_800_000_000)
    }

    @Test("The token goes to the endpoint in a form, which asks for JSON")
    func form() throws {
        let request = try Self.request()
        #expect(request.method == .post)
        #expect(request.url == (try ServiceURL("https://issuer.test/introspect")))
        #expect(request.form == "token=abc&token_type_hint=access_token")
        #expect(request.field("Content-Type") == "application/x-www-form-urlencoded")
        #expect(request.field("Accept") == "application/json")
        #expect(request.fields.count == 3)
    }

    @Test("No token says more than itself (RFC 6749 Appendix B)")
    func encoding() throws {
        let form = try Self.request(about: "a+b/c==&token=d%20é *-._~\r\n").form
        #expect(
            form == "token=a%2Bb%2Fc%3D%3D%26token%3Dd%2520%C3%A9+*-._%7E%0D%0A&token_type_hint=access_token")
    }

    @Test(
        "client_secret_basic encodes both parts as in a form, then both as base64 (RFC 6749 §2.3.1)",
        arguments: [
            ("s6BhdRkqt3", "gX1fBat3bV", "czZCaGRSa3F0MzpnWDFmQmF0M2JW"), ("a", "b", "YTpi"), ("ab", "c", "YWI6Yw=="),
            ("ab", "cd", "YWI6Y2Q="), ("a:b c", "p%ss+wörd~*", "YSUzQWIrYzpwJTI1c3MlMkJ3JUMzJUI2cmQlN0Uq"),
        ])
    func basic(_ clientID: String, _ secret: String, _ credential: String) throws {
        let request = try Self.request(clientID: clientID, .basic(secret: Array(secret.utf8)))
        #expect(request.field("Authorization") == "Basic " + credential)
        #expect(request.form == "token=abc&token_type_hint=access_token")
    }

    @Test("client_secret_post puts both into the form, and nothing into Authorization (RFC 6749 §2.3.1)")
    func post() throws {
        let request = try Self.request(clientID: "a:b", .post(secret: Array("p&q=r".utf8)))
        #expect(request.field("Authorization") == nil)
        #expect(
            request.form == "token=abc&token_type_hint=access_token&client_id=a%3Ab&client_secret=p%26q%3Dr")
    }

    @Test("private_key_jwt puts a signed statement into the form, and nothing into Authorization (RFC 7523 §2.2)")
    func privateKey() throws {
        let pem = try SigningKey(generating: .es256).pem()
        let request = try Self.request(.privateKey(pem: pem, algorithm: .es256, keyID: nil))
        #expect(request.field("Authorization") == nil)
        let names = request.form.split(separator: "&").map { $0.prefix { $0 != "=" } }
        #expect(names == ["token", "token_type_hint", "client_assertion_type", "client_assertion"])
        #expect(request.form.contains("=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"))
    }

    @Test(
        "A signed statement is for the endpoint, or for whom the operator says",
        arguments: [nil, "https://issuer.test"])
    func audience(_ audience: String?) throws {
        let pem = try SigningKey(generating: .es256).pem()
        var settings = try IntrospectionSettings.sample(
            authentication: .privateKey(pem: pem, algorithm: .es256, keyID: nil))
        settings.assertionAudience = audience
        guard case .assertion(let assertion) = try ClientAuthentication(settings) else {
            Issue.record("no statement")
            return
        }
        #expect(assertion.audience == audience ?? "https://issuer.test/introspect")
    }

    @Test("A key that signs nothing is an error of each question", arguments: [SignatureAlgorithm.rs256, .hs256])
    func unusableKey(_ algorithm: SignatureAlgorithm) throws {
        let pem = try SigningKey(generating: .es256).pem()
        let url = "https://issuer.test/introspect"
        #expect(
            throws: ProviderError(
                .http, url: url, "no client assertion: the algorithm does not fit the key")
        ) {
            try Self.request(.privateKey(pem: pem, algorithm: algorithm, keyID: nil))
        }
        #expect(
            throws: ProviderError(
                .http, url: url, "no client assertion: no private key in PEM form without a password")
        ) {
            try Self.request(.privateKey(pem: [], algorithm: algorithm, keyID: nil))
        }
    }
}
