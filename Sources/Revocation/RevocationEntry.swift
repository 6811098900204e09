/// Tokens that are not good any more, though they have not expired.
package struct RevocationEntry: Sendable, Hashable {
    /// What the tokens have in common.
    package enum Subject: Sendable, Hashable {
        /// `jti`.
        case token(String)
        /// `sid`.
        case session(String)
        /// The subject, by the issuer's mapping.
        case subject(String)
        /// The client, by the issuer's mapping.
        case client(String)
    }

    package var subject: Subject
    /// Whose tokens they are (`iss`); nil for those of all issuers, API keys aside.
    package var issuer: String?
    /// Only tokens that were issued before (`iat`, seconds since 1970), and those that do not say when; nil for all.
    package var issuedBefore: Int?
    /// When the entry is not needed any more, in seconds since 1970; nil for never.
    package var end: Int?

    package init(_ subject: Subject, issuer: String? = nil, issuedBefore: Int? = nil, end: Int? = nil) {
        self.subject = subject
        self.issuer = issuer
        self.issuedBefore = issuedBefore
        self.end = end
    }
}

/// What a token is recognised by when it was revoked.
package struct RevocableToken: Sendable {
    package var issuer: String
    package var tokenID: String?
    package var session: String?
    package var subject: String?
    package var client: String?
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
