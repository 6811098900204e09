import StrictJSON
import Testing

@testable import JOSE

@Suite("Wycheproof: signatures, tokens and keys are as labelled", .enabled(if: Corpus.isPresent))
struct WycheproofTests {
    /// Where the gateway says something else than the label, and by which rule.
    static let disagreements: [String: [Int: String]] = [
        "json_web_signature_test": [
            346: "configuration.md: the key's alg is PS256, the token's PS384", 350: "as 346",
            347: "RFC 7517 §5: the key's alg is ES521, which does not exist", 351: "as 347",
            367: "labelled for padding, but written without: the same bytes as a valid token", 370: "as 367",
            372: "security.md rule 13: a ? is not base64url", 373: "as 372",
        ]
    ]

    @Test(
        "Tokens and keys", arguments: ["json_web_signature_test", "json_web_key_test", "json_web_crypto_test"])
    func tokens(file: String) throws {
        var count = 0
        var differing: [Int] = []
        for group in try Corpus.groups(file) {
            let keys = try? Corpus.keys(of: group)
            for test in group["tests"]?.array ?? [] {
                guard let text = test["jws"]?.string, let number = test["tcId"]?.number?.integer else { continue }
                count += 1
                let isGood = keys.map { Self.accepts(text, keys: $0) } ?? false
                if isGood != (test["result"]?.string == "valid") { differing.append(number) }
            }
        }
        #expect(count > 20)
        #expect(differing.sorted() == Self.disagreements[file, default: [:]].keys.sorted())
    }

    /// Whether a message is good under some key, when the issuer allows what goes with its keys.
    static func accepts(_ text: String, keys: KeySet) -> Bool {
        let algorithms = SignatureAlgorithm.allCases.filter { $0.isSymmetric == keys.holdsSecrets }
        let verifier = TokenVerifier(keys: keys, algorithms: AlgorithmSet(algorithms))
        let bytes = Array(text.utf8)
        return (try? verifier.verify(try SignedMessage(compact: bytes.span))) != nil
    }

    /// Checks each signature of a file with the algorithm of its group, or expects that all are refused.
    static func checkSignatures(
        _ file: String, by checker: (JSONNode) throws -> (any SignatureChecker)?, expecting label: (JSONNode) -> Bool?
    ) throws {
        var count = 0
        for group in try Corpus.groups(file) {
            guard let checker = try checker(group) else { continue }
            for test in group["tests"]?.array ?? [] {
                let (message, signature) = (test.bytes("msg"), test.bytes("sig"))
                let isGood = checker.accepts(signature.span, of: message.span)
                guard let wanted = label(test) else { continue }
                count += 1
                #expect(isGood == wanted, "\(file) \(test["tcId"]?.number?.integer ?? 0)")
            }
        }
        #expect(count > 0, "\(file)")
    }

    /// Whether a signature is good by its label; nil for those that may be either.
    static func label(_ test: JSONNode) -> Bool? {
        switch test["result"]?.string {
        case "valid": true
        case "invalid": false
        default: nil
        }
    }

    @Test(
        "RFC 7518 §3.4: ECDSA with r and s one after the other",
        arguments: [
            ("ecdsa_secp256r1_sha256_p1363_test", SignatureAlgorithm.es256),
            ("ecdsa_secp384r1_sha384_p1363_test", .es384), ("ecdsa_secp521r1_sha512_p1363_test", .es512),
            ("ed25519_test", .ed25519), ("ed448_test", .ed448), ("ed25519_test", .edDSA), ("ed448_test", .edDSA),
        ])
    func curves(file: String, algorithm: SignatureAlgorithm) throws {
        try Self.checkSignatures(
            file, by: { try Self.key(of: $0).checker(for: algorithm) }, expecting: Self.label)
    }

    @Test("RFC 7518 §3.4: ECDSA signatures in DER are refused")
    func distinguishedEncoding() throws {
        let file = "ecdsa_secp256r1_sha256_test"
        try Self.checkSignatures(
            file, by: { try Self.key(of: $0).checker(for: .es256) }, expecting: { _ in false })
    }

    @Test("RFC 8812: secp256k1 is not supported")
    func unknownCurve() throws {
        for group in try Corpus.groups("ecdsa_secp256k1_sha256_p1363_test") {
            #expect(throws: KeySetError.self) { try Self.key(of: group) }
        }
    }

    /// The one key of a group, as a JWK where it has one, or else in PEM.
    static func key(of group: JSONNode) throws -> KeyMaterial {
        if group["publicKeyJwk"] != nil { return try Corpus.keys(of: group).keys[0].material }
        let text = Array(try #require(group["publicKeyPem"]?.string).utf8)
        return try KeySet(pem: text.span).keys[0].material
    }

    @Test(
        "RFC 7518 §3.3: RSASSA-PKCS1-v1_5",
        arguments: [
            ("rsa_signature_2048_sha256_test", SignatureAlgorithm.rs256), ("rsa_signature_2048_sha384_test", .rs384),
            ("rsa_signature_2048_sha512_test", .rs512), ("rsa_signature_3072_sha256_test", .rs256),
            ("rsa_signature_3072_sha384_test", .rs384), ("rsa_signature_4096_sha512_test", .rs512),
        ])
    func rsa(file: String, algorithm: SignatureAlgorithm) throws {
        try Self.checkSignatures(
            file, by: { try Self.key(of: $0).checker(for: algorithm) }, expecting: Self.label)
    }

    @Test(
        "RFC 7518 §3.5: RSASSA-PSS with a salt as long as the hash and MGF1 with the same hash; nothing else",
        arguments: [
            "rsa_pss_2048_sha1_mgf1_20_test", "rsa_pss_2048_sha256_mgf1_0_test", "rsa_pss_2048_sha256_mgf1_32_test",
            "rsa_pss_2048_sha384_mgf1_48_test", "rsa_pss_4096_sha384_mgf1_48_test", "rsa_pss_4096_sha512_mgf1_64_test",
            "rsa_pss_misc_test",
        ])
    func rsaPSS(file: String) throws {
        let sizes = ["SHA-256": 32, "SHA-384": 48, "SHA-512": 64]
        let algorithms: [String: SignatureAlgorithm] = ["SHA-256": .ps256, "SHA-384": .ps384, "SHA-512": .ps512]
        for group in try Corpus.groups(file) {
            let hash = try #require(group["sha"]?.string)
            let isOurs = group["mgfSha"]?.string == hash && group["sLen"]?.number?.integer == sizes[hash]
            let material = try Self.key(of: group)
            for algorithm in isOurs ? [try #require(algorithms[hash])] : Array(algorithms.values) {
                let checker = try #require(material.checker(for: algorithm))
                for test in group["tests"]?.array ?? [] {
                    let (message, signature) = (test.bytes("msg"), test.bytes("sig"))
                    let isGood = checker.accepts(signature.span, of: message.span)
                    // One signature with other parameters was changed to have ours.
                    let comment = test["comment"]?.string
                    let isChanged = hash == "SHA-256" && algorithm == .ps256 && comment == "s_len changed to 32"
                    guard let wanted = isOurs ? Self.label(test) : isChanged else { continue }
                    #expect(isGood == wanted, "\(file) \(test["tcId"]?.number?.integer ?? 0)")
                }
            }
        }
    }

    @Test(
        "RFC 7518 §3.2: HMAC with a secret as long as the hash and a tag that is whole; nothing else",
        arguments: [
            ("hmac_sha256_test", SignatureAlgorithm.hs256), ("hmac_sha384_test", .hs384), ("hmac_sha512_test", .hs512),
        ])
    func hmac(file: String, algorithm: SignatureAlgorithm) throws {
        let size = try #require(algorithm.minimumSecretSize)
        var count = 0
        for group in try Corpus.groups(file) {
            let isWhole = group["tagSize"]?.number?.integer == size * 8
            for test in group["tests"]?.array ?? [] {
                let (secret, message, tag) = (test.bytes("key"), test.bytes("msg"), test.bytes("tag"))
                let checker = MessageAuthenticator(secret: secret, algorithm: algorithm)
                #expect((checker != nil) == (secret.count >= size))
                guard let checker else { continue }
                let isGood = checker.accepts(tag.span, of: message.span)
                #expect(isGood == (isWhole && test["result"]?.string == "valid"))
                count += isGood ? 1 : 0
            }
        }
        #expect(count > 0)
    }
}
