/// A key of a key set: the public key or secret and what its owner says about it (RFC 7517 §4).
package final class VerificationKey: Sendable {
    /// The name by which tokens refer to the key (`kid`), or nil.
    package let keyID: String?
    /// The only algorithm that the key is for (`alg`), or nil.
    package let algorithm: SignatureAlgorithm?
    /// Says which key it is, across key sets: depends on the key, its `kid` and its `alg`, and on nothing else.
    package let identity: SHA256Digest
    let material: KeyMaterial

    /// - Parameters:
    ///   - material: the key itself.
    ///   - canonical: the key in one text that is that of no other key.
    ///   - keyID: see the property.
    ///   - algorithm: see the property.
    init(_ material: KeyMaterial, canonical: String, keyID: String? = nil, algorithm: SignatureAlgorithm? = nil) {
        self.material = material
        self.keyID = keyID
        self.algorithm = algorithm
        // Only the last part, which is marked as present or not, may hold spaces: no two keys are written the same.
        let text = "\(canonical) \(algorithm?.name ?? "-") \(keyID.map { "+" + $0 } ?? "-")"
        identity = SHA256.hash(Array(text.utf8).span)
    }

    /// Whether the key is a secret, not a public key.
    var isSecret: Bool { if case .secret = material { true } else { false } }

    /// Whether a token signed with `algorithm` may be verified with this key (RFC 8725 §3.1).
    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        guard material.fits(algorithm) else { return false }
        guard let own = self.algorithm else { return true }
        // EdDSA names the same algorithm as the curve's own name (RFC 9864 §2.2), and `fits` has looked at the curve.
        return own == algorithm || own.scheme == .edwards && algorithm.scheme == .edwards
    }
}
