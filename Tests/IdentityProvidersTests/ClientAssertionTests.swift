import Bytes
import JOSE
import StrictJSON
import Testing

@testable import IdentityProviders

@Suite("RFC 7523 §3: what the gateway says of itself, signed")
struct ClientAssertionTests {
    private static let now = 1_800_000_000
    private static let algorithms: [SignatureAlgorithm] = [
        .rs256, .rs512, .ps256, .es256, .es384, .es512, .edDSA, .ed25519,
    ]

    private static func assertion(_ key: SigningKey, keyID: String? = nil) -> ClientAssertion {
        ClientAssertion(
            clientID: "the \"gateway\"", audience: "https://issuer.test/introspect", key: key, keyID: keyID)
    }

    /// The claims, if the signature is good.
    private static func claims(_ key: SigningKey, keyID: String? = nil) throws -> VerifiedClaims {
        let text = try #require(assertion(key, keyID: keyID).text(now: now))
        let verifier = TokenVerifier(
            keys: try KeySet(jwks: key.publicKeySet().span), algorithms: AlgorithmSet([key.algorithm]))
        return try verifier.verify(try SignedToken(compact: text.span))
    }

    @Test("iss and sub are the client, aud is the endpoint, exp is a minute after iat", arguments: algorithms)
    func claims(_ algorithm: SignatureAlgorithm) throws {
        let claims = try Self.claims(try SigningKey(generating: algorithm))
        #expect(claims.issuer == "the \"gateway\"")
        #expect(claims.subject == "the \"gateway\"")
        #expect(claims.audience == ["https://issuer.test/introspect"])
        #expect(claims.node["aud"]?.string != nil)
        #expect(claims.issuedAt == Self.now)
        #expect(claims.expiry == Self.now + 60)
        #expect(claims.node.object?.count == 6)
    }

    @Test("jti is another one each time, of 128 bits")
    func identifier() throws {
        let key = try SigningKey(generating: .es256)
        let identifiers = try (0..<100).map { _ in try #require(try Self.claims(key).tokenID) }
        #expect(Set(identifiers).count == 100)
        #expect(identifiers.allSatisfy { Base64URL.decode(Array($0.utf8).span)?.count == 16 })
    }

    @Test("The header names the key where the operator does, whatever its name", arguments: [nil, "k-1", "a\"b\\é"])
    func header(_ keyID: String?) throws {
        let key = try SigningKey(generating: .es256)
        let text = try #require(Self.assertion(key, keyID: keyID).text(now: Self.now))
        let token = try SignedToken(compact: text.span)
        #expect(token.keyID == keyID)
        #expect(token.type == "JWT")
        #expect(token.algorithm == .es256)
    }

    @Test("The key's own name verifies, too")
    func ownName() throws {
        let key = try SigningKey(generating: .es256)
        #expect(try Self.claims(key, keyID: key.keyID).issuer != nil)
    }
}
