import Bytes
import Testing

@testable import TokenEndpoint

@Suite("RFC 6749 §2.3.1, §4.3.2 and §4.4.2: requests for tokens")
struct TokenRequestTests {
    static func request(_ form: String, basic: String? = nil) throws -> TokenRequest {
        let credential = basic.map { pair -> [UInt8] in
            let text = Base64.encode(Array(pair.utf8).span)
            return Array("Basic ".utf8) + text + [UInt8](repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
        }
        return try TokenRequest(FormTests.parse(Array(form.utf8)), authorization: credential?.span)
    }

    @Test("The password grant needs a user and a password")
    func passwordGrant() throws {
        let request = try Self.request("grant_type=password&username=alice&password=s3cret&scope=b+a")
        guard case .password(user: "alice", password: Array("s3cret".utf8)) = request.grant else {
            Issue.record("\(request.grant)")
            return
        }
        #expect(request.client == nil)
        #expect(request.scopes == ["b", "a"])
    }

    @Test(
        "What is missing is said",
        arguments: [
            "", "username=a&password=b", "grant_type=&username=a&password=b", "grant_type=password&username=a",
            "grant_type=password&password=b", "grant_type=password&username=a&password=",
            "grant_type=client_credentials&client_secret=s",
        ])
    func missing(form: String) {
        #expect(throws: TokenEndpointError.invalidRequest(.missingParameter)) { _ = try Self.request(form) }
    }

    @Test(
        "Other grants are not supported", arguments: ["authorization_code", "refresh_token", "Password", "password "])
    func unsupported(grant: String) {
        #expect(throws: TokenEndpointError.unsupportedGrantType) {
            _ = try Self.request("grant_type=\(grant.replacing(" ", with: "+"))&username=a&password=b")
        }
    }

    @Test("A client is named in the body or by Basic, whose parts are encoded as in a form")
    func clients() throws {
        let form = "grant_type=client_credentials"
        let batch = ClientCredential(identifier: "batch", secret: Array("s:1".utf8))
        #expect(try Self.request(form + "&client_id=batch&client_secret=s%3A1").client == batch)
        #expect(try Self.request(form, basic: "batch:s%3A1").client == batch)
        #expect(try Self.request(form, basic: "batch:s:1").client == batch)
        #expect(try Self.request(form + "&client_id=batch", basic: "batch:s:1").client == batch)
        #expect(
            try Self.request(form + "&client_id=batch").client == ClientCredential(identifier: "batch", secret: nil))
        #expect(try Self.request(form, basic: "a+b%25:").client == ClientCredential(identifier: "a b%", secret: nil))
    }

    @Test("A console that was given no client names none")
    func emptyClient() throws {
        let form = "grant_type=password&username=a&password=b&scope=&client_id=&client_secret="
        #expect(try Self.request(form).client == nil)
        #expect(try Self.request(form, basic: ":").client == nil)
        #expect(try Self.request(form).scopes == nil)
    }

    @Test("§2.3: a client must not authenticate in more than one way, nor be two")
    func severalClients() {
        let form = "grant_type=client_credentials"
        for other in ["&client_id=batch&client_secret=s", "&client_secret=s", "&client_id=other"] {
            #expect(throws: TokenEndpointError.invalidRequest(.severalClients)) {
                _ = try Self.request(form + other, basic: "batch:s")
            }
        }
    }

    @Test(
        "A malformed credential is refused",
        arguments: ["Basic", "Basic ?", "Basic YTpi YTpi", "Basic YTpiYw", "Basic YQ==", "Basic OmE=", "Basic JTp4"])
    func malformedCredential(value: String) {
        #expect(throws: TokenEndpointError.invalidRequest(.malformedCredential)) {
            _ = try TokenRequest(
                FormTests.parse(Array("grant_type=client_credentials".utf8)), authorization: value.utf8.span)
        }
    }

    @Test("§5.2: a client that authenticates in another way is not known", arguments: ["Bearer abc", "Digest x"])
    func otherScheme(value: String) {
        #expect(throws: TokenEndpointError.invalidClient) {
            _ = try TokenRequest(
                FormTests.parse(Array("grant_type=client_credentials".utf8)), authorization: value.utf8.span)
        }
    }

    @Test("§3.3: a malformed scope is refused", arguments: ["%22", "a%5C", "a%09b", "%C3%B6", "a%00"])
    func malformedScope(scope: String) {
        #expect(throws: TokenEndpointError.invalidScope) {
            _ = try Self.request("grant_type=password&username=a&password=b&scope=\(scope)")
        }
    }
}
