import StrictJSON
import TestSupport
import Testing

@testable import JOSE

@Suite("RFC 7515 Appendix A and RFC 8037 Appendix A: examples")
struct RFCVectorTests {
    static let joeClaims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    static let rsaKeys =
        #"{"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1"#
        + "Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"
        + "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs"
        + #"91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]}"#
    static let rsaSignature =
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1d"
        + "nZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"
        + "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    static let ellipticCurveKeys =
        #"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
        + #""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#
    static let edwardsKeys =
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#

    static func keySet(_ text: String) throws -> KeySet {
        let bytes = Array(text.utf8)
        return try KeySet(jwks: bytes.span)
    }

    static func verify(_ token: [UInt8], with verifier: TokenVerifier) throws -> VerifiedClaims {
        try verifier.verify(try SignedToken(compact: token.span))
    }

    static func verify(_ token: String, keys: String, _ algorithm: SignatureAlgorithm) throws -> VerifiedClaims {
        let verifier = TokenVerifier(keys: try keySet(keys), algorithms: AlgorithmSet([algorithm]))
        return try verify(Array(token.utf8), with: verifier)
    }

    @Test("RFC 7515 A.2: RS256")
    func rs256() throws {
        let claims = try Self.verify(
            "eyJhbGciOiJSUzI1NiJ9.\(Self.joeClaims).\(Self.rsaSignature)", keys: Self.rsaKeys, .rs256)
        #expect(claims.issuer == "joe" && claims.expiry == 1_300_819_380)
    }

    @Test("RFC 7515 A.3: ES256")
    func es256() throws {
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        let claims = try Self.verify(
            "eyJhbGciOiJFUzI1NiJ9.\(Self.joeClaims).\(signature)", keys: Self.ellipticCurveKeys, .es256)
        #expect(claims.issuer == "joe")
    }

    @Test("RFC 8037 A.4: EdDSA with Ed25519; its payload is no JSON, so only the signature is looked at")
    func ed25519() throws {
        let input = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let text = Array("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".utf8)
        let decoded = Base64URL.decode(text.span)
        var signature = try #require(decoded)
        let keys = try Self.keySet(Self.edwardsKeys).keys
        let key = try #require(keys.first)
        let checker = try #require(SignatureChecker(key: key.publicKey, algorithm: .edDSA))
        let isAccepted = checker.accepts(signature.span, of: input.span)
        #expect(isAccepted)
        signature[5] ^= 1
        let isForgeryAccepted = checker.accepts(signature.span, of: input.span)
        #expect(!isForgeryAccepted)
    }

    @Test("A key made here signs what its public half verifies", arguments: SignatureAlgorithm.allCases)
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        if algorithm.scheme == .hmac {
            #expect(throws: SigningKeyError.generationFailed) { try SigningKey(generating: algorithm) }
            return
        }
        let mint = try TokenMint(algorithm)
        let pem = try mint.key.pem()
        let again = try SigningKey(pem: pem.span, algorithm: algorithm)
        #expect(again.keyID == mint.key.keyID)
        let verifier = TokenVerifier(keys: try mint.keySet(), algorithms: AlgorithmSet([algorithm]))
        let token = try mint.token()
        for _ in 0..<3 {
            let claims = try Self.verify(token, with: verifier)
            #expect(claims.subject == "alice")
        }
        var forged = token
        forged[token.count - 5] = token[token.count - 5] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(throws: TokenFault.badSignature) { try Self.verify(forged, with: verifier) }
        let claims = try Self.verify(token, with: verifier)
        #expect(claims.subject == "alice")
    }

    @Test("FIPS 180-4: SHA-256 of abc")
    func sha256() {
        let text = Array("abc".utf8)
        let digest = SHA256.hash(text.span)
        #expect(digest.hexadecimal() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(digest.hexadecimal(digits: 6) == "ba7816")
    }
}
