internal import JOSE
internal import Revocation
internal import StrictJSON

/// Who makes a request, as a verified token or an API key says.
package final class Principal: Sendable {
    /// Which issuer's token it was: its position in the authenticator's list.
    package let issuerIndex: Int
    /// The issuer's `iss`; `api_keys` for an API key.
    package let issuer: String
    /// The subject, or nil if the token names none.
    package let subject: String?
    /// The client that the token was given to, or nil if the token names none.
    package let client: String?
    /// `jti`, or the first 8 hexadecimal digits of the token's SHA-256.
    package let tokenID: String
    /// `exp` in seconds since 1970, rounded down, or nil.
    package let expiry: Int?
    /// `jti`, or nil.
    let claimedTokenID: String?
    /// `sid` (OpenID Connect Back-Channel Logout §2.1), or nil.
    let session: String?
    /// `iat` in seconds since 1970, or nil.
    let issuedAt: Int?
    /// The scopes of the token that are configured.
    package let scopes: NameSet
    /// The roles of the token that are configured.
    package let roles: NameSet
    /// The scopes as they are in the token.
    package let scopeNames: [String]
    /// The roles as they are in the token.
    package let roleNames: [String]
    /// What the claims say that are told to upstreams, in the order of the authenticator's paths; empty for an API key,
    /// which has no claims.
    package let claims: [IdentityText]

    /// - Parameters:
    ///   - identity: who it is, as the claims say.
    ///   - claims: the claims.
    ///   - issuerIndex: the issuer's position in the authenticator's list.
    ///   - issuer: the issuer's `iss`.
    ///   - digest: the SHA-256 of the token.
    ///   - scopes: those of the token that are configured.
    ///   - roles: those of the token that are configured.
    init(
        _ identity: ClaimedIdentity, _ claims: VerifiedClaims, issuerIndex: Int, issuer: String,
        digest: SHA256Digest, scopes: NameSet, roles: NameSet
    ) {
        self.issuerIndex = issuerIndex
        self.issuer = issuer
        self.subject = identity.subject
        self.client = identity.client
        claimedTokenID = claims.tokenID.flatMap { $0.isEmpty ? nil : $0 }
        tokenID = claimedTokenID ?? digest.hexadecimal(digits: 8)
        session = claims.node["sid"]?.string
        issuedAt = claims.issuedAt
        expiry = claims.expiry
        self.scopes = scopes
        self.roles = roles
        self.scopeNames = identity.scopes
        self.roleNames = identity.roles
        self.claims = identity.told
    }

    /// The holder of an API key.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - issuerIndex: the position of API keys among the issuers.
    ///   - scopes: those of the key that are configured.
    ///   - roles: those of the key that are configured.
    init(_ key: APIKey, issuerIndex: Int, scopes: NameSet, roles: NameSet) {
        self.issuerIndex = issuerIndex
        issuer = "api_keys"
        subject = key.name
        client = nil
        tokenID = key.hash.hexadecimal(digits: 8)
        (claimedTokenID, session, issuedAt) = (nil, nil, nil)
        expiry = key.expiry
        self.scopes = scopes
        self.roles = roles
        scopeNames = key.scopes
        roleNames = key.roles
        claims = []
    }

    /// What it would be recognised by if it were revoked.
    var revocable: RevocableToken {
        RevocableToken(
            issuer: issuer, tokenID: claimedTokenID, session: session, subject: subject, client: client,
            issuedAt: issuedAt)
    }
}
