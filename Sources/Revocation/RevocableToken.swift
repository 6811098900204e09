/// What a token is recognised by when it was revoked.
package struct RevocableToken: Sendable {
    /// The issuer of API keys, whose subjects have nothing to do with those of tokens: only entries that name it are meant
    /// for them.
    package static let apiKeyIssuer = "api_keys"

    /// `iss`, or `apiKeyIssuer`.
    package var issuer: String
    /// `jti`.
    package var tokenID: String?
    /// `sid`.
    package var session: String?
    /// The subject, by the issuer's mapping.
    package var subject: String?
    /// The client, by the issuer's mapping.
    package var client: String?
    /// `iat`, in seconds since 1970.
    package var issuedAt: Int?

    package init(
        issuer: String, tokenID: String?, session: String?, subject: String?, client: String?, issuedAt: Int?
    ) {
        self.issuer = issuer
        self.tokenID = tokenID
        self.session = session
        self.subject = subject
        self.client = client
        self.issuedAt = issuedAt
    }
}
