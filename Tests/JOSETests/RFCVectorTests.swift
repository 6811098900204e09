import StrictJSON
import TestSupport
import Testing

@testable import JOSE

@Suite("Examples of RFC 7515, RFC 7797 and RFC 8037")
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

    /// Verifies a message whose payload may be anything.
    static func verifySignature(_ message: String, keys: String, _ algorithm: SignatureAlgorithm) throws {
        let verifier = TokenVerifier(keys: try keySet(keys), algorithms: AlgorithmSet([algorithm]))
        let bytes = Array(message.utf8)
        _ = try verifier.verify(try SignedMessage(compact: bytes.span))
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

    static let secret =
        #"{"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]}"#

    @Test("RFC 7515 A.1: HS256")
    func hs256() throws {
        let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let header = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        let claims = try Self.verify("\(header).\(Self.joeClaims).\(signature)", keys: Self.secret, .hs256)
        #expect(claims.issuer == "joe")
    }

    @Test("RFC 7515 A.5: what is not signed is refused")
    func unsecured() throws {
        #expect(throws: TokenFault.unsupportedAlgorithm) {
            try Self.verify("eyJhbGciOiJub25lIn0.\(Self.joeClaims).", keys: Self.rsaKeys, .rs256)
        }
    }

    @Test("RFC 7515 Appendix E: a critical extension is refused")
    func critical() throws {
        let header =
            "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLm"
            + "NvbS9VTkRFRklORUQiOnRydWUNCn0"
        #expect(throws: TokenFault.malformed(.criticalExtension)) {
            try Self.verify("\(header).RkFJTA.", keys: Self.rsaKeys, .rs256)
        }
    }

    @Test(
        "RFC 7797 §4: payloads that are not base64url are refused, detached or not", arguments: ["$.02", "", "JC4wMg"])
    func unencodedPayload(payload: String) throws {
        let header = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19"
        let token = "\(header).\(payload).A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"
        let error = #expect(throws: TokenFault.self) { try Self.verify(token, keys: Self.secret, .hs256) }
        #expect(error == .malformed(payload.contains(".") ? .parts : .criticalExtension))
    }

    @Test("RFC 8037 A.4: EdDSA with Ed25519; its payload is no JSON, so only the signature is looked at")
    func ed25519() throws {
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        try Self.verifySignature(input + signature, keys: Self.edwardsKeys, .edDSA)
        #expect(throws: TokenFault.badSignature) {
            try Self.verifySignature(input + "A" + signature.dropFirst(), keys: Self.edwardsKeys, .edDSA)
        }
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
