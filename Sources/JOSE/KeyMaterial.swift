/// What signatures are verified with.
enum KeyMaterial: Sendable {
    case publicKey(PublicKey)
    case secret(SharedSecret)

    /// Whether signatures of `algorithm` can be verified: it is for this type and curve, or, for secrets, its hash is not
    /// longer than the secret (RFC 7518 §3.2).
    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        switch self {
        case .publicKey(let key): algorithm.fits(key.type)
        case .secret(let secret): algorithm.minimumSecretSize.map { secret.bytes.count >= $0 } ?? false
        }
    }

    /// What checks signatures of `algorithm`, or nil if it does not fit.
    func checker(for algorithm: SignatureAlgorithm) -> (any SignatureChecker)? {
        guard fits(algorithm) else { return nil }
        return switch self {
        case .publicKey(let key): PublicKeyChecker(key: key, algorithm: algorithm)
        case .secret(let secret): MessageAuthenticator(secret: secret.bytes, algorithm: algorithm)
        }
    }
}

/// Checks signatures with one key and algorithm.
protocol SignatureChecker: AnyObject {
    /// Whether `signature` is the key's signature of `input`.
    func accepts(_ signature: Span<UInt8>, of input: Span<UInt8>) -> Bool
}
