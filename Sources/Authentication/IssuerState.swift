internal import JOSE

/// What is kept about an issuer; a class, so that looking something up copies nothing.
final class IssuerState {
    let issuer: Issuer
    let rules: IssuerRules
    let settings: SHA256Digest
    /// How the issuer is asked about tokens; nil if it is not.
    let way: SHA256Digest?
    var verifier: TokenVerifier
    /// When the keys are too old to be used, in seconds since 1970.
    var keysEnd: Int
    /// Whether the keys are all that the issuer had when it was asked last, and from when until when it is not to be asked
    /// again: before that, the clock was set back, and nobody knows how long ago it was asked.
    var isCurrent = true
    var isLeftAlone: Range<Int>

    init(_ issuer: Issuer, settings: SHA256Digest) {
        self.issuer = issuer
        self.settings = settings
        rules = IssuerRules(issuer)
        way = if case .status(let way) = issuer.verification { way } else { nil }
        verifier = TokenVerifier(keys: issuer.keys, algorithms: issuer.algorithms)
        let isFetched = issuer.verification == .fetchedKeys
        keysEnd = isFetched ? 0 : .max
        isLeftAlone = isFetched ? 0..<0 : 0..<Int.max
    }

    /// Whether a cached identity is still that of the token: its settings, and its key or the way in which it was found.
    func stands(_ identity: CachedIdentity) -> Bool {
        settings == identity.settings && (way != nil || verifier.hasKey(identity.signingKey))
    }

    /// Without usable keys, asks for them where that may help.
    func keysMissing(at index: Int, now: Int) -> TokenError {
        isLeftAlone.contains(now) ? .keysUnavailable : .undecided(.keys(issuer: index))
    }

    /// A key that is not there may be new: asks for it where that may help, and believes that there is none only if the issuer
    /// has said so.
    private func keyMissing(at index: Int, now: Int) -> TokenError {
        if !isLeftAlone.contains(now) { return .undecided(.keys(issuer: index)) }
        return isCurrent ? .unknownKey : .keysUnavailable
    }

    /// The claims of a token whose signature is good.
    ///
    /// - Parameters:
    ///   - token: a token of this issuer.
    ///   - index: the issuer's position.
    ///   - now: seconds since 1970.
    /// - Returns: the claims.
    /// - Throws: `TokenError`, `.undecided` where newer keys may help.
    func verifiedClaims(
        of token: borrowing SignedToken, position index: Int, now: Int
    ) throws(TokenError) -> VerifiedClaims {
        // Who names another algorithm must not make the gateway ask for keys.
        guard issuer.algorithms.contains(token.algorithm) else { throw .unsupportedAlgorithm }
        guard now < keysEnd else { throw keysMissing(at: index, now: now) }
        do {
            return try verifier.verify(token)
        } catch .unknownKey {
            throw keyMissing(at: index, now: now)
        } catch .badSignature where token.keyID == nil {
            // Nothing else tells of a new key that has no name.
            let error = keyMissing(at: index, now: now)
            throw error == .unknownKey ? .badSignature : error
        } catch {
            throw TokenError(error)
        }
    }
}
