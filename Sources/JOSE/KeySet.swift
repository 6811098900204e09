package import StrictJSON

/// The public keys of an issuer (JWK Set, RFC 7517 §5).
///
/// Keys of other types, curves, algorithms and uses than those for verifying signatures are ignored, as RFC 7517 §5
/// asks, and listed in `ignored`; keys that claim to be for verifying and are weak, malformed or contradictory refuse
/// the whole set, because a set that is half wrong is not what its owner meant.
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
        var identities: [UInt8] = []
        var keyIDs: Set<ExactText> = []
        for (index, element) in elements.enumerated() {
            switch try Self.read(element, at: index) {
            case .usable(let key):
                if let keyID = key.keyID, !keyIDs.insert(ExactText(keyID)).inserted {
                    throw .key(index: index, keyID: keyID, fault: .duplicateKeyID(keyID))
                }
                keys.append(key)
                identities += key.identity.bytes
            case .ignored(let reason):
                ignored.append(IgnoredKey(index: index, reason: reason))
            }
        }
        guard !keys.isEmpty else { throw .noUsableKey }
        self.keys = keys
        self.ignored = ignored
        self.fingerprint = SHA256.hash(identities.span)
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

    /// Whether a key of this identity is in the set.
    package func contains(_ identity: SHA256Digest) -> Bool {
        keys.contains { $0.identity == identity }
    }
}

extension KeySet: Equatable {
    package static func == (left: KeySet, right: KeySet) -> Bool { left.fingerprint == right.fingerprint }
}
