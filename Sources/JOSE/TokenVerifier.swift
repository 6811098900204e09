internal import Bytes
internal import StrictJSON

/// Verifies the tokens of one issuer.
///
/// Not Sendable: every worker has its own, with OpenSSL contexts that are set up when a key is first used.
package final class TokenVerifier {
    /// The keys that tokens are verified with.
    package let keys: KeySet
    private let algorithms: AlgorithmSet
    private let identities: [SHA256Digest]
    private var checkers: [(any SignatureChecker)?]

    /// - Parameters:
    ///   - keys: the issuer's keys.
    ///   - algorithms: those that its tokens may be signed with.
    package init(keys: KeySet, algorithms: AlgorithmSet) {
        self.keys = keys
        self.algorithms = algorithms
        identities = keys.keys.map(\.identity)
        checkers = Array(repeating: nil, count: keys.count * SignatureAlgorithm.allCases.count)
    }

    /// Verifies a token.
    ///
    /// - Parameter token: a token of this issuer.
    /// - Returns: its claims.
    /// - Throws: `TokenFault.unsupportedAlgorithm` if the algorithm is not allowed or does not fit the key,
    ///   `TokenFault.unknownKey` or `TokenFault.badSignature`, and then `TokenFault.malformed` for claims of a wrong type.
    package func verify(_ token: borrowing SignedToken) throws(TokenFault) -> VerifiedClaims {
        try VerifiedClaims(token.claims, signingKey: verify(token.message).identity)
    }

    /// Verifies the signature of a message.
    ///
    /// - Returns: the key that signed it.
    /// - Throws: as for a token.
    func verify(_ message: borrowing SignedMessage) throws(TokenFault) -> VerificationKey {
        let algorithm = message.header.algorithm
        guard algorithms.contains(algorithm) else { throw .unsupportedAlgorithm }
        let index = try selectKey(for: message.header)
        guard let checker = checker(keyIndex: index, algorithm: algorithm) else { throw .unsupportedAlgorithm }
        guard checker.accepts(message.signature.span, of: message.signingInput) else { throw .badSignature }
        return keys.keys[index]
    }

    /// Whether a key of this identity is among the issuer's keys.
    package func hasKey(_ identity: SHA256Digest) -> Bool {
        for own in identities where own == identity { return true }
        return false
    }

    /// The position of the one key that a token may be verified with.
    ///
    /// A `kid` selects the key that has it, or else a key without one; without `kid`, one key only may fit.
    private func selectKey(for header: TokenHeader) throws(TokenFault) -> Int {
        if let keyID = header.keyID,
            let index = keys.keys.firstIndex(where: { $0.keyID?.isExactly(keyID) ?? false })
        {
            guard keys.keys[index].fits(header.algorithm) else { throw .unsupportedAlgorithm }
            return index
        }
        var found: Int?
        for (index, key) in keys.keys.enumerated() where key.fits(header.algorithm) {
            if header.keyID != nil && key.keyID != nil { continue }
            guard found == nil else { throw .unknownKey }
            found = index
        }
        guard let found else { throw .unknownKey }
        return found
    }

    private func checker(keyIndex: Int, algorithm: SignatureAlgorithm) -> (any SignatureChecker)? {
        let position = keyIndex * SignatureAlgorithm.allCases.count + Int(algorithm.rawValue)
        if let checker = checkers[position] { return checker }
        let checker = keys.keys[keyIndex].material.checker(for: algorithm)
        checkers[position] = checker
        return checker
    }
}
