/// A secret that issuer and gateway share (HMAC, RFC 7518 §3.2); it prints as `***`, wherever it is printed.
struct SharedSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    let bytes: [UInt8]

    /// - Parameters:
    ///   - bytes: the secret, at least as long as the hash of its algorithm.
    ///   - algorithm: the only algorithm that it is for; nil for any, of which the weakest takes 32 bytes.
    /// - Throws: `KeyFault.secretSize` if it is shorter.
    init(_ bytes: [UInt8], for algorithm: SignatureAlgorithm? = nil) throws(KeyFault) {
        let minimum = algorithm?.minimumSecretSize ?? MessageDigest.sha256.size
        guard bytes.count >= minimum else { throw .secretSize(bytes: bytes.count, minimum: minimum) }
        self.bytes = bytes
    }

    /// The secret in one text that is that of no other key.
    var canonical: String { "oct \(Base64URL.text(bytes))" }

    var description: String { "***" }
    var debugDescription: String { "***" }
}
