internal import JOSE
internal import StrictJSON

/// What of a token depends on the time and on the issuer's settings; looked at for every request, whether the token is
/// new or its identity was remembered.
struct TokenValidity: Sendable {
    let audience: [String]
    let expiry: Int?
    let notBefore: Int?
    let issuedAt: Int?

    /// - Parameter claims: the claims of the token.
    init(_ claims: VerifiedClaims) {
        audience = claims.audience
        expiry = claims.expiry
        notBefore = claims.notBefore
        issuedAt = claims.issuedAt
    }

    /// Checks `aud`, `exp`, `nbf`, `iat` and the lifetime (RFC 7519 §4.1).
    ///
    /// - Parameters:
    ///   - issuer: whose settings count.
    ///   - now: seconds since 1970.
    /// - Throws: `TokenError` for the first that does not hold.
    func check(for issuer: borrowing IssuerRules, now: Int) throws(TokenError) {
        try checkExpiry(for: issuer, now: now)
        try checkNotBefore(for: issuer, now: now)
        try checkIssuedAt(for: issuer, now: now)
        try checkAudience(for: issuer)
        try checkLifetime(for: issuer, now: now)
    }

    func checkExpiry(for issuer: borrowing IssuerRules, now: Int) throws(TokenError) {
        if let expiry {
            guard now < expiry + issuer.clockSkew else { throw .expired }
        } else if issuer.requiresExpiry {
            throw .requiredClaim
        }
    }

    func checkNotBefore(for issuer: borrowing IssuerRules, now: Int) throws(TokenError) {
        if let notBefore, now < notBefore - issuer.clockSkew { throw .notYetValid }
    }

    func checkIssuedAt(for issuer: borrowing IssuerRules, now: Int) throws(TokenError) {
        if let issuedAt, now < issuedAt - issuer.clockSkew { throw .notYetValid }
    }

    func checkAudience(for issuer: borrowing IssuerRules) throws(TokenError) {
        guard accepts(issuer.audience) else { throw .wrongAudience }
    }

    func checkLifetime(for issuer: borrowing IssuerRules, now: Int) throws(TokenError) {
        if let maximum = issuer.maximumLifetime {
            // Without `iat` the lifetime counts from now, by a clock that may differ from the issuer's.
            let start = issuedAt ?? now + issuer.clockSkew
            guard let expiry, expiry - start <= maximum else { throw .lifetimeExceeded }
        }
    }

    private func accepts(_ wanted: [String]?) -> Bool {
        guard let wanted else { return true }
        for name in audience {
            for other in wanted where name.isExactly(other) { return true }
        }
        return false
    }
}

/// The settings of an issuer that `TokenValidity` needs.
struct IssuerRules: Sendable {
    let audience: [String]?
    let clockSkew: Int
    let requiresExpiry: Bool
    let maximumLifetime: Int?

    /// - Parameter issuer: the issuer.
    init(_ issuer: Issuer) {
        audience = issuer.audience
        clockSkew = issuer.clockSkew
        requiresExpiry = issuer.requiresExpiry
        maximumLifetime = issuer.maximumLifetime
    }
}
