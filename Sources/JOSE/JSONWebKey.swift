internal import StrictJSON

/// Reads one JSON Web Key (RFC 7517 §4).
struct JSONWebKey {
    /// What a key turned out to be.
    enum Outcome {
        case usable(VerificationKey)
        case ignored(reason: String)
    }

    private let node: JSONNode

    /// - Parameter node: an element of `keys`.
    /// - Throws: `KeyFault.notAnObject`.
    init(_ node: JSONNode) throws(KeyFault) {
        guard node.object != nil else { throw .notAnObject }
        self.node = node
    }

    /// `kid` if it is a string.
    var keyID: String? { node["kid"]?.string }

    /// The key, or why it is of no use for verifying signatures.
    ///
    /// - Returns: keys of types, curves, algorithms or uses that are not for verifying are ignored (RFC 7517 §5).
    /// - Throws: `KeyFault` if the key claims to be for verifying and is wrong.
    func read() throws(KeyFault) -> Outcome {
        let keyType = try requiredText("kty")
        let keyID = try text("kid")
        if let reason = try otherUse() { return .ignored(reason: reason) }
        let algorithmName = try text("alg")
        let algorithm = algorithmName.flatMap(SignatureAlgorithm.init(name:))
        if let algorithmName, algorithm == nil { return .ignored(reason: "alg \(algorithmName) is not known") }
        let material: KeyMaterial
        let canonical: String
        switch keyType {
        case "oct":
            let secret = try SharedSecret(bytes("k"), for: algorithm)
            (material, canonical) = (.secret(secret), secret.canonical)
        case "RSA":
            (material, canonical) = try rsaKey()
        case "EC":
            let curve = try requiredText("crv")
            guard let type = Self.ellipticCurve(curve) else { return .ignored(reason: "curve \(curve) is not known") }
            (material, canonical) = try ellipticCurveKey(type)
        case "OKP":
            let curve = try requiredText("crv")
            guard let type = Self.edwardsCurve(curve) else {
                return .ignored(reason: "curve \(curve) is not for signatures")
            }
            (material, canonical) = try edwardsKey(type, curve: curve)
        default:
            return .ignored(reason: "kty \(keyType) is not known")
        }
        if let algorithm, !material.fits(algorithm) { throw .algorithmDoesNotFit(algorithm.name) }
        return .usable(VerificationKey(material, canonical: canonical, keyID: keyID, algorithm: algorithm))
    }

    /// Why the key is for something else than verifying signatures, or nil (RFC 7517 §4.2 and §4.3).
    private func otherUse() throws(KeyFault) -> String? {
        let use = try text("use")
        var operations: [String]?
        if let member = node["key_ops"] {
            guard let elements = member.array else { throw .wrongType("key_ops") }
            var names: [String] = []
            for element in elements {
                guard let name = element.string else { throw .wrongType("key_ops") }
                names.append(name)
            }
            operations = names
        }
        // A private key of the issuer says "sign"; its public half, which is all that is taken, verifies.
        let verifies = operations.map { $0.contains("verify") || $0.contains("sign") }
        if use == "sig" && verifies == false { throw .contradictoryUse }
        if let use, use != "sig" {
            if verifies == true { throw .contradictoryUse }
            return "use is \(use)"
        }
        return verifies == false ? "key_ops does not have verify" : nil
    }

    private static func ellipticCurve(_ name: String) -> KeyType? {
        switch name {
        case "P-256": .p256
        case "P-384": .p384
        case "P-521": .p521
        default: nil
        }
    }

    private static func edwardsCurve(_ name: String) -> KeyType? {
        switch name {
        case "Ed25519": .ed25519
        case "Ed448": .ed448
        default: nil
        }
    }
}

extension JSONWebKey {
    private func rsaKey() throws(KeyFault) -> (KeyMaterial, canonical: String) {
        let modulus = try number("n")
        let exponent = try number("e")
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard (2048...16_384).contains(bits) else { throw .modulusSize(bits: bits) }
        guard let modulusEnd = modulus.last, let exponentEnd = exponent.last, modulusEnd & exponentEnd & 1 == 1,
            exponent.count <= 8, exponent != [1], !RSAModulus.hasStructuredPrimes(modulus)
        else { throw .weakRSA }
        guard let key = PublicKey.rsa(modulus: modulus, exponent: exponent) else { throw .refused }
        return (.publicKey(key), "RSA \(Base64URL.text(modulus)) \(Base64URL.text(exponent))")
    }

    private func ellipticCurveKey(_ type: KeyType) throws(KeyFault) -> (KeyMaterial, canonical: String) {
        let x = try bytes("x")
        let y = try bytes("y")
        guard x.count == type.size && y.count == type.size else { throw .coordinateLength }
        guard let key = PublicKey.ellipticCurve(type, coordinates: x + y) else { throw .pointNotOnCurve }
        return (.publicKey(key), "EC \(type.name) \(Base64URL.text(x)) \(Base64URL.text(y))")
    }

    private func edwardsKey(_ type: KeyType, curve: String) throws(KeyFault) -> (KeyMaterial, canonical: String) {
        let x = try bytes("x")
        guard x.count == type.size else { throw .coordinateLength }
        guard let key = PublicKey.edwards(type, bytes: x) else { throw .refused }
        return (.publicKey(key), "OKP \(curve) \(Base64URL.text(x))")
    }

    private func text(_ name: String) throws(KeyFault) -> String? {
        guard let member = node[name] else { return nil }
        guard let text = member.string, !text.isEmpty else { throw .wrongType(name) }
        return text
    }

    private func requiredText(_ name: String) throws(KeyFault) -> String {
        guard let text = try text(name) else { throw .missing(name) }
        return text
    }

    private func bytes(_ name: String) throws(KeyFault) -> [UInt8] {
        guard let bytes = Base64URL.decode(Array(try requiredText(name).utf8).span) else { throw .notBase64URL(name) }
        return bytes
    }

    /// A number without its leading zeros, which RFC 7518 §6.3.1 forbids but some issuers write.
    private func number(_ name: String) throws(KeyFault) -> [UInt8] {
        Array(try bytes(name).drop { $0 == 0 })
    }
}
