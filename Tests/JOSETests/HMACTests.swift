import TestSupport
import Testing

@testable import JOSE

@Suite("RFC 7518 §3.2: HMAC")
struct HMACTests {
    static let secret = Array("an HMAC secret of sixty-four bytes, which is enough for any hash".utf8)

    static func verifier(_ secret: [UInt8], _ algorithms: [SignatureAlgorithm]) throws -> TokenVerifier {
        TokenVerifier(keys: try KeySet(secret: secret), algorithms: AlgorithmSet(algorithms))
    }

    /// A token with an HMAC under any bytes at all.
    static func token(
        _ secret: [UInt8], _ algorithm: SignatureAlgorithm, header: String? = nil
    ) throws -> [UInt8] {
        let header = Array((header ?? "{\"alg\":\"\(algorithm.name)\"}").utf8)
        let claims = Array(TokenMint.claims().utf8)
        let input = Base64URL.encode(header.span) + [0x2E] + Base64URL.encode(claims.span)
        let authenticator = try #require(MessageAuthenticator(secret: secret, algorithm: algorithm))
        let made = authenticator.tag(of: input.span)
        let tag = try #require(made)
        return input + [0x2E] + Base64URL.encode(tag.span)
    }

    @Test("A token is good under its secret, again and again", arguments: [SignatureAlgorithm.hs256, .hs384, .hs512])
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let verifier = try Self.verifier(Self.secret, [algorithm])
        let token = try Self.token(Self.secret, algorithm)
        for position in token.count - 43..<token.count {
            #expect(try RFCVectorTests.verify(token, with: verifier).subject == "alice")
            var forged = token
            forged[position] = forged[position] == 0x41 ? 0x45 : 0x41
            #expect(throws: TokenFault.self) { try RFCVectorTests.verify(forged, with: verifier) }
        }
    }

    @Test("A tag that is cut or longer is refused", arguments: [0, 1, 16, 31, 33, 64])
    func length(count: Int) throws {
        let verifier = try Self.verifier(Self.secret, [.hs256])
        let token = try Self.token(Self.secret, .hs256)
        let dot = try #require(token.lastIndex(of: 0x2E))
        let text = Array(token[(dot + 1)...])
        let decoded = Base64URL.decode(text.span)
        let tag = try #require(decoded) + [UInt8](repeating: 0, count: 32)
        let other = Array(token[...dot]) + Base64URL.encode(Array(tag[..<count]).span)
        #expect(throws: TokenFault.badSignature) { try RFCVectorTests.verify(other, with: verifier) }
    }

    @Test("A secret is as long as the hash at least")
    func secretSize() throws {
        let short = Array(Self.secret[..<31])
        #expect(throws: KeySetError.secret(.secretSize(bytes: 31, minimum: 32))) { try KeySet(secret: short) }
        #expect(MessageAuthenticator(secret: short, algorithm: .hs256) == nil)
        let keys = try KeySet(secret: Array(Self.secret[..<48]))
        #expect(keys.holdsSecrets && keys.hasKey(for: .hs256) && keys.hasKey(for: .hs384))
        #expect(!keys.hasKey(for: .hs512) && !keys.hasKey(for: .rs256) && !keys.hasKey(for: .es256))
        let long = Base64URL.text(Array(Self.secret[..<48]))
        #expect(
            KeySetTests.fault("{\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":\"\(long)\"}")
                == .secretSize(bytes: 48, minimum: 64))
        #expect(
            KeySetTests.fault("{\"kty\":\"oct\",\"alg\":\"RS256\",\"k\":\"\(long)\"}") == .algorithmDoesNotFit("RS256"))
    }

    @Test("A token under an algorithm that the secret is too short for is refused")
    func weakToken() throws {
        let verifier = try Self.verifier(Array(Self.secret[..<32]), [.hs256, .hs512])
        let token = try Self.token(Self.secret, .hs512)
        #expect(throws: TokenFault.unknownKey) { try RFCVectorTests.verify(token, with: verifier) }
    }

    @Test("Secrets and public keys do not mix in a set; keys for other uses do not count")
    func mixing() throws {
        let secret = "{\"kty\":\"oct\",\"k\":\"\(Base64URL.text(Self.secret))\"}"
        #expect(KeySetTests.error(secret, KeySetTests.point("")) == .mixedKeys)
        #expect(KeySetTests.error(KeySetTests.point(""), secret) == .mixedKeys)
        #expect(KeySetTests.error(secret, KeySetTests.point(",\"use\":\"enc\"")) == nil)
        let wrapping = #"{"kty":"oct","alg":"A128KW","k":"AAAA"}"#
        #expect(KeySetTests.error(wrapping, KeySetTests.point("")) == nil)
    }

    @Test("RFC 8725 §2.1: a token with an HMAC under the text of a public key is refused, whatever the issuer allows")
    func confusion() throws {
        let pem = Array(PEMTextTests.rsaKey.utf8)
        let jwks = Array(RFCVectorTests.rsaKeys.utf8)
        for keys in [try KeySet(jwks: jwks.span), try KeySet(pem: pem.span)] {
            let verifier = TokenVerifier(keys: keys, algorithms: AlgorithmSet(SignatureAlgorithm.allCases))
            for secret in [pem, Array(pem.dropLast()), jwks] {
                for header in [#"{"alg":"HS256"}"#, #"{"alg":"HS256","kid":"a"}"#] {
                    let token = try Self.token(secret, .hs256, header: header)
                    #expect(throws: TokenFault.unknownKey) { try RFCVectorTests.verify(token, with: verifier) }
                }
            }
        }
    }

    @Test("security.md rule 18: a secret prints as asterisks")
    func printing() throws {
        let keys = try KeySet(secret: Self.secret)
        let bytes = "97, 110"
        #expect(!"\(keys) \(keys.keys[0].material)".contains(bytes))
        #expect(!String(reflecting: keys.keys[0].material).contains(bytes))
        #expect("\(try SharedSecret(Self.secret))" == "***")
    }
}
