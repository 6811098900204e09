package import StrictJSON

/// The keys of an issuer: public keys, or secrets, never both.
///
/// In a JWK Set (RFC 7517 §5), keys of other types, curves, algorithms and uses than those for verifying signatures are
/// ignored, as the RFC asks, and listed in `ignored`; keys that claim to be for verifying and are weak, malformed or
/// contradictory refuse the whole set, because a set that is half wrong is not what its owner meant.
package struct KeySet: Sendable {
    /// How many keys a set may have.
    package static let maximumCount = 256
    /// How large the text of a set may be, in bytes.
    package static let maximumSize = 1 << 20

    /// A key that is not used.
    package struct IgnoredKey: Equatable, Sendable {
        /// Its position in `keys`.
        package let index: Int
        /// Why it is not used, for the operator.
        package let reason: String
    }

    /// The keys that are used, in the order of the set.
    package let keys: [VerificationKey]
    /// The keys that are not used.
    package let ignored: [IgnoredKey]
    /// The same for sets with the same keys in the same order.
    package let fingerprint: SHA256Digest

    /// How many keys are used.
    package var count: Int { keys.count }

    /// No keys: those of an issuer that have not been fetched yet.
    package init() {
        self.init(keys: [], ignored: [])
    }

    /// Reads the text of a JWK Set.
    ///
    /// - Parameter jwks: the text, at most `maximumSize` bytes.
    /// - Throws: `KeySetError`: the first thing that is wrong.
    package init(jwks: Span<UInt8>) throws(KeySetError) {
        let root: JSONNode
        do {
            root = try JSONReader.read(jwks, limits: JSONLimits(depth: 8, size: Self.maximumSize))
        } catch {
            throw .malformed(detail: error.description, offset: error.offset)
        }
        try self.init(root)
    }

    /// Takes a JWK Set that was read as part of another text, such as the configuration.
    ///
    /// - Parameter root: the object that has `keys`.
    /// - Throws: `KeySetError`: the first thing that is wrong.
    package init(_ root: JSONNode) throws(KeySetError) {
        guard let elements = root["keys"]?.array else { throw .notAKeySet }
        guard elements.count <= Self.maximumCount else { throw .tooManyKeys }
        var keys: [VerificationKey] = []
        var ignored: [IgnoredKey] = []
        var keyIDs: Set<ExactText> = []
        for (index, element) in elements.enumerated() {
            switch try Self.read(element, at: index) {
            case .usable(let key):
                if let keyID = key.keyID, !keyIDs.insert(ExactText(keyID)).inserted {
                    throw .key(index: index, keyID: keyID, fault: .duplicateKeyID(keyID))
                }
                keys.append(key)
            case .ignored(let reason):
                ignored.append(IgnoredKey(index: index, reason: reason))
            }
        }
        guard !keys.isEmpty else { throw .noUsableKey }
        guard keys.allSatisfy(\.isSecret) || !keys.contains(where: \.isSecret) else { throw .mixedKeys }
        self.init(keys: keys, ignored: ignored)
    }

    /// Reads public keys and certificates in PEM (RFC 7468), of which each must be usable.
    ///
    /// - Parameter pem: the text, at most `maximumSize` bytes.
    /// - Throws: `KeySetError`: the first thing that is wrong; two keys of the same type are, as no `kid` tells them apart.
    package init(pem: Span<UInt8>) throws(KeySetError) {
        guard pem.count <= Self.maximumSize else { throw .malformedPEM }
        self.init(keys: try PEMText.keys(in: pem), ignored: [])
    }

    /// Takes the one secret that tokens are authenticated with (HMAC, RFC 7518 §3.2).
    ///
    /// - Parameter secret: at least 32 bytes.
    /// - Throws: `KeySetError.secret` if it is too short for any algorithm.
    package init(secret: [UInt8]) throws(KeySetError) {
        let shared: SharedSecret
        do {
            shared = try SharedSecret(secret)
        } catch {
            throw .secret(error)
        }
        self.init(keys: [VerificationKey(.secret(shared), canonical: shared.canonical)], ignored: [])
    }

    private init(keys: [VerificationKey], ignored: [IgnoredKey]) {
        self.keys = keys
        self.ignored = ignored
        let identities = keys.flatMap(\.identity.bytes)
        fingerprint = SHA256.hash(identities.span)
    }

    /// Whether the keys are secrets, which HMAC alone takes; otherwise all are public keys.
    package var holdsSecrets: Bool { keys.contains(where: \.isSecret) }

    /// Whether a key of the set is fit for `algorithm`.
    package func hasKey(for algorithm: SignatureAlgorithm) -> Bool {
        keys.contains { $0.fits(algorithm) }
    }

    private static func read(_ element: JSONNode, at index: Int) throws(KeySetError) -> JSONWebKey.Outcome {
        var keyID: String?
        do {
            let key = try JSONWebKey(element)
            keyID = key.keyID
            return try key.read()
        } catch {
            throw .key(index: index, keyID: keyID, fault: error)
        }
    }
}

extension KeySet: Equatable {
    package static func == (left: KeySet, right: KeySet) -> Bool { left.fingerprint == right.fingerprint }
}
