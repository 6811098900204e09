/// The signature algorithms of JSON Web Signature: the whole list, `none` is not in it.
///
/// RFC 7518 §3.1, RFC 8037 §3.1 and RFC 9864 §2.2.
package enum SignatureAlgorithm: UInt8, CaseIterable, Sendable {
    case rs256, rs384, rs512
    case ps256, ps384, ps512
    case es256, es384, es512
    case edDSA, ed25519, ed448
    case hs256, hs384, hs512

    /// The algorithm of this name, or nil if there is none.
    ///
    /// - Parameter name: the value of an `alg` parameter; case matters (RFC 7515 §4.1.1).
    package init?(name: String) {
        switch name {
        case "RS256": self = .rs256
        case "RS384": self = .rs384
        case "RS512": self = .rs512
        case "PS256": self = .ps256
        case "PS384": self = .ps384
        case "PS512": self = .ps512
        case "ES256": self = .es256
        case "ES384": self = .es384
        case "ES512": self = .es512
        case "EdDSA": self = .edDSA
        case "Ed25519": self = .ed25519
        case "Ed448": self = .ed448
        case "HS256": self = .hs256
        case "HS384": self = .hs384
        case "HS512": self = .hs512
        default: return nil
        }
    }

    /// The value of the `alg` parameter.
    package var name: String {
        switch self {
        case .rs256: "RS256"
        case .rs384: "RS384"
        case .rs512: "RS512"
        case .ps256: "PS256"
        case .ps384: "PS384"
        case .ps512: "PS512"
        case .es256: "ES256"
        case .es384: "ES384"
        case .es512: "ES512"
        case .edDSA: "EdDSA"
        case .ed25519: "Ed25519"
        case .ed448: "Ed448"
        case .hs256: "HS256"
        case .hs384: "HS384"
        case .hs512: "HS512"
        }
    }

    /// How a signature is made.
    enum Scheme {
        case rsaPKCS1, rsaPSS, ecdsa, edwards, hmac
    }

    /// How a signature of this algorithm is made.
    var scheme: Scheme {
        switch self {
        case .rs256, .rs384, .rs512: .rsaPKCS1
        case .ps256, .ps384, .ps512: .rsaPSS
        case .es256, .es384, .es512: .ecdsa
        case .edDSA, .ed25519, .ed448: .edwards
        case .hs256, .hs384, .hs512: .hmac
        }
    }

    /// The hash function, or nil where the signature scheme has its own.
    var hash: MessageDigest? {
        switch self {
        case .rs256, .ps256, .es256, .hs256: .sha256
        case .rs384, .ps384, .es384, .hs384: .sha384
        case .rs512, .ps512, .es512, .hs512: .sha512
        case .edDSA, .ed25519, .ed448: nil
        }
    }

    /// Whether the same key signs and verifies (HMAC).
    package var isSymmetric: Bool { scheme == .hmac }

    /// How long a secret must be for this algorithm, in bytes (RFC 7518 §3.2); nil for algorithms with public keys.
    package var minimumSecretSize: Int? { isSymmetric ? hash?.size : nil }

    /// Whether a public key of `type` can verify signatures of this algorithm.
    func fits(_ type: KeyType) -> Bool {
        switch (scheme, type) {
        case (.rsaPKCS1, .rsa), (.rsaPSS, .rsa): true
        case (.ecdsa, .p256): self == .es256
        case (.ecdsa, .p384): self == .es384
        case (.ecdsa, .p521): self == .es512
        case (.edwards, .ed25519): self != .ed448
        case (.edwards, .ed448): self != .ed25519
        default: false
        }
    }
}

/// The algorithms that an issuer's tokens may be signed with.
package struct AlgorithmSet: Hashable, Sendable {
    private var bits: UInt32 = 0

    /// - Parameter algorithms: the allowed ones; `EdDSA` stands for `Ed25519` and `Ed448` too (RFC 9864 §2.2).
    package init(_ algorithms: [SignatureAlgorithm]) {
        for algorithm in algorithms {
            insert(algorithm)
            if algorithm == .edDSA {
                insert(.ed25519)
                insert(.ed448)
            }
        }
    }

    private mutating func insert(_ algorithm: SignatureAlgorithm) {
        bits |= 1 << UInt32(algorithm.rawValue)
    }

    /// Whether `algorithm` is allowed.
    package func contains(_ algorithm: SignatureAlgorithm) -> Bool {
        bits & 1 << UInt32(algorithm.rawValue) != 0
    }

    /// Whether no algorithm is allowed.
    package var isEmpty: Bool { bits == 0 }

    /// The allowed algorithms as one number, which is the same in every run.
    package var rawValue: UInt32 { bits }
}
