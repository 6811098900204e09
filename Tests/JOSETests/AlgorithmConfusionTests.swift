import TestSupport
import Testing

@testable import JOSE

@Suite("RFC 8725 §3.1 and security.md rule 13: the key says which algorithms it is for, not the token")
struct AlgorithmConfusionTests {
    static let asymmetric = SignatureAlgorithm.allCases.filter { !$0.isSymmetric }

    /// What a verifier says that allows everything.
    static func fault(_ token: [UInt8], keys: KeySet) -> TokenFault? {
        let verifier = TokenVerifier(keys: keys, algorithms: AlgorithmSet(SignatureAlgorithm.allCases))
        do {
            _ = try verifier.verify(try SignedToken(compact: token.span))
            return nil
        } catch {
            return error
        }
    }

    /// The keys of a mint, without `alg` and `kid`.
    static func bareKeys(_ mint: TokenMint) throws -> KeySet {
        let text = String(decoding: mint.key.publicKeySet(), as: UTF8.self)
        let end = try #require(text.firstRange(of: ",\"use\"")).lowerBound
        return try RFCVectorTests.keySet("\(text[..<end])}]}")
    }

    @Test("A header that names another algorithm than the signature's is refused", arguments: asymmetric)
    func otherName(algorithm: SignatureAlgorithm) throws {
        let mint = try TokenMint(algorithm)
        for other in SignatureAlgorithm.allCases {
            let isSame = other == algorithm || other.scheme == .edwards && other.fits(mint.key.type)
            let header = "{\"alg\":\"\(other.name)\"}"
            let token = try mint.token(header: header)
            // Without `alg` in the key, its type and curve decide; with it, its `alg` does.
            let bare = Self.fault(token, keys: try Self.bareKeys(mint))
            let pinned = Self.fault(token, keys: try mint.keySet())
            if isSame {
                #expect(bare == nil && pinned == nil)
            } else {
                let fits = other.fits(mint.key.type)
                #expect(bare == (fits ? .badSignature : .unknownKey) && pinned == .unknownKey)
            }
        }
    }

    @Test("A kid that names a key for another algorithm does not make another key be tried")
    func keyIDOfOtherType() throws {
        let mints = try [SignatureAlgorithm.rs256, .es256, .ed25519].map { try TokenMint($0) }
        let elements = mints.map { String(decoding: $0.key.publicKeySet().dropFirst(9).dropLast(2), as: UTF8.self) }
        let keys = try RFCVectorTests.keySet("{\"keys\":[\(elements.joined(separator: ","))]}")
        for signer in mints {
            for named in mints {
                let header = "{\"alg\":\"\(signer.key.algorithm.name)\",\"kid\":\"\(named.key.keyID)\"}"
                let isOwn = signer.key.keyID == named.key.keyID
                #expect(
                    Self.fault(try signer.token(header: header), keys: keys) == (isOwn ? nil : .unsupportedAlgorithm))
            }
        }
    }

    @Test("A signature without hash, or with the hash of another algorithm, is refused", arguments: asymmetric)
    func otherSignatures(algorithm: SignatureAlgorithm) throws {
        let mint = try TokenMint(algorithm)
        let token = try mint.token()
        let dot = try #require(token.lastIndex(of: 0x2E))
        for signature in [[], [0], [UInt8](repeating: 0, count: 64), [UInt8](repeating: 255, count: 512)] {
            let forged = Array(token[...dot]) + Base64URL.encode(signature.span)
            #expect(Self.fault(forged, keys: try mint.keySet()) == .badSignature)
        }
    }

    @Test(
        "A kid is a name and nothing else",
        arguments: [
            "../../../../dev/null", "/etc/passwd", "' OR '1'='1", "x' UNION SELECT 'secret'; --", "http://a.test/jwks",
            "\\u0000", "", " ", "\u{212B}", String(repeating: "k", count: 5000), "%00", "${HOME}", "<!--", "file:///",
        ])
    func keyIDs(keyID: String) throws {
        let mint = try TokenMint()
        let token = try mint.token(header: "{\"alg\":\"ES256\",\"kid\":\"\(keyID)\"}")
        #expect(Self.fault(token, keys: try mint.keySet()) == .unknownKey)
        // A key without `kid` fits any, whatever it says.
        #expect(Self.fault(token, keys: try Self.bareKeys(mint)) == nil)
    }

    @Test("A kid is compared byte by byte, without case and normalization")
    func exactKeyID() throws {
        let key = "\(KeySetTests.point(",\"kid\":\"caf\u{E9}\""))"
        let verifier = TokenVerifier(
            keys: try RFCVectorTests.keySet("{\"keys\":[\(key)]}"), algorithms: AlgorithmSet([.es256]))
        for (keyID, fault) in [
            ("caf\u{E9}", TokenFault.badSignature), ("cafe\u{301}", .unknownKey), ("CAF\u{E9}", .unknownKey),
        ] {
            let token = try TokenMint().token(header: "{\"alg\":\"ES256\",\"kid\":\"\(keyID)\"}")
            #expect(throws: fault) { try RFCVectorTests.verify(token, with: verifier) }
        }
    }

    @Test("A kid of another type is malformed", arguments: ["null", "1", "true", "[\"a\"]", "{}", "[]"])
    func keyIDTypes(value: String) throws {
        let mint = try TokenMint()
        let token = try mint.token(header: "{\"alg\":\"ES256\",\"kid\":\(value)}")
        #expect(Self.fault(token, keys: try mint.keySet()) == .malformed(.headerParameter))
    }

    @Test("Certificates and thumbprints in the header are not looked at")
    func certificates() throws {
        let mint = try TokenMint()
        let other = try TokenMint()
        let header = "{\"alg\":\"ES256\",\"x5c\":[\"AAAA\"],\"x5t\":\"AA\",\"x5t#S256\":\"AA\"}"
        #expect(Self.fault(try mint.token(header: header), keys: try mint.keySet()) == nil)
        #expect(Self.fault(try other.token(header: header), keys: try mint.keySet()) == .badSignature)
    }
}
