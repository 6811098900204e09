/// A key of a key set: the public key and what its owner says about it (RFC 7517 §4).
package final class VerificationKey: Sendable {
    /// The name by which tokens refer to the key (`kid`), or nil.
    package let keyID: String?
    /// The only algorithm that the key is for (`alg`), or nil.
    package let algorithm: SignatureAlgorithm?
    /// Says which key it is, across key sets: depends on the key, its `kid` and its `alg`, and on nothing else.
    package let identity: SHA256Digest
    let publicKey: PublicKey

    init(publicKey: PublicKey, keyID: String?, algorithm: SignatureAlgorithm?, identity: SHA256Digest) {
        self.publicKey = publicKey
        self.keyID = keyID
        self.algorithm = algorithm
        self.identity = identity
    }

    /// Whether a token signed with `algorithm` may be verified with this key (RFC 8725 §3.1).
    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        guard algorithm.fits(publicKey.type) else { return false }
        guard let own = self.algorithm else { return true }
        // EdDSA names the same algorithm as the curve's own name (RFC 9864 §2.2), and `fits` has looked at the curve.
        return own == algorithm || own.scheme == .edwards && algorithm.scheme == .edwards
    }
}
