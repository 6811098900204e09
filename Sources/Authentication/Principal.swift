/// Who makes a request, as a verified token says.
package final class Principal: Sendable {
    /// Which issuer's token it was: its position in the authenticator's list.
    package let issuerIndex: Int
    /// The issuer's `iss`.
    package let issuer: String
    /// The subject, or nil if the token names none.
    package let subject: String?
    /// The client that the token was given to, or nil if the token names none.
    package let client: String?
    /// `jti`, or the first 8 hexadecimal digits of the token's SHA-256.
    package let tokenID: String
    /// `exp` in seconds since 1970, rounded down, or nil.
    package let expiry: Int?
    /// The scopes of the token that are configured.
    package let scopes: NameSet
    /// The roles of the token that are configured.
    package let roles: NameSet
    /// The scopes as they are in the token.
    package let scopeNames: [String]
    /// The roles as they are in the token.
    package let roleNames: [String]

    /// - Parameters:
    ///   - identity: who it is, as the claims say.
    ///   - issuerIndex: the issuer's position in the authenticator's list.
    ///   - issuer: the issuer's `iss`.
    ///   - tokenID: see the property.
    ///   - expiry: `exp` in seconds since 1970.
    ///   - scopes: those of the token that are configured.
    ///   - roles: those of the token that are configured.
    init(
        _ identity: ClaimedIdentity, issuerIndex: Int, issuer: String, tokenID: String, expiry: Int?,
        scopes: NameSet, roles: NameSet
    ) {
        self.issuerIndex = issuerIndex
        self.issuer = issuer
        self.subject = identity.subject
        self.client = identity.client
        self.tokenID = tokenID
        self.expiry = expiry
        self.scopes = scopes
        self.roles = roles
        self.scopeNames = identity.scopes
        self.roleNames = identity.roles
    }
}
