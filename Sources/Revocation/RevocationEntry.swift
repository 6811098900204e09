import StrictJSON

/// Tokens that are not good any more, though they have not expired.
package struct RevocationEntry: Sendable, Hashable {
    /// What the tokens have in common, compared byte by byte.
    package struct Subject: Sendable, Hashable {
        /// Where tokens say it; the raw value is the member of entries.
        package enum Kind: String, CaseIterable, Sendable {
            case token = "jti"
            case session = "sid"
            case subject = "sub"
            case client = "client_id"
        }

        /// Where tokens say it.
        package let kind: Kind
        let text: ExactText

        /// - Parameters:
        ///   - kind: where tokens say it.
        ///   - text: what they say there.
        package init(_ kind: Kind, _ text: String) {
            self.kind = kind
            self.text = ExactText(text)
        }

        /// One token, by its `jti`.
        package static func token(_ text: String) -> Subject { Subject(.token, text) }
        /// All tokens of a session, by their `sid`.
        package static func session(_ text: String) -> Subject { Subject(.session, text) }
        /// All tokens of a subject, by the issuer's mapping.
        package static func subject(_ text: String) -> Subject { Subject(.subject, text) }
        /// All tokens of a client, by the issuer's mapping.
        package static func client(_ text: String) -> Subject { Subject(.client, text) }
    }

    /// What the tokens have in common.
    package let subject: Subject
    fileprivate let exactIssuer: ExactText?
    /// Only tokens that were issued before (`iat`, seconds since 1970), and those that do not say when; nil for all.
    package var issuedBefore: Int?
    /// When the entry is not needed any more, in seconds since 1970; nil for never.
    package var end: Int?

    /// - Parameters:
    ///   - subject: what the tokens have in common.
    ///   - issuer: whose tokens they are (`iss`); nil for those of all issuers, API keys aside.
    ///   - issuedBefore: when the first token that is still good may have been issued, in seconds since 1970; nil for never.
    ///   - end: when the entry is not needed any more, in seconds since 1970; nil for never.
    package init(_ subject: Subject, issuer: String? = nil, issuedBefore: Int? = nil, end: Int? = nil) {
        self.subject = subject
        self.exactIssuer = issuer.map(ExactText.init)
        self.issuedBefore = issuedBefore
        self.end = end
    }

    /// Whose tokens they are (`iss`); nil for those of all issuers, API keys aside.
    package var issuer: String? { exactIssuer?.text }

    /// Whether the entry has come to its end.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: whether it revokes nothing any more.
    package func hasEnded(at now: Int) -> Bool {
        if let end { end <= now } else { false }
    }

    /// Whether a token of this subject is one of those that are revoked, while the entry has not ended.
    func concerns(_ token: RevocableToken) -> Bool {
        if let issuer {
            guard issuer.isExactly(token.issuer) else { return false }
        } else if token.issuer.isExactly(RevocableToken.apiKeyIssuer) {
            return false
        }
        guard let issuedBefore, let issuedAt = token.issuedAt else { return true }
        return issuedAt < issuedBefore
    }
}

extension [RevocationEntry] {
    /// The same entries in the same order, without those that say nothing beyond another one.
    func withoutSuperfluous() -> [RevocationEntry] {
        var isKept = [Bool](repeating: false, count: count)
        let groups = Dictionary(grouping: indices) { Scope(subject: self[$0].subject, issuer: self[$0].exactIssuer) }
        for var group in groups.values {
            // Those that revoke most come first; after them, only an entry that ends later says more.
            if group.count > 1 {
                group.sort { (self[$0].latestIssue, self[$0].latestEnd) > (self[$1].latestIssue, self[$1].latestEnd) }
            }
            var end = Int.min
            for index in group where self[index].latestEnd > end {
                isKept[index] = true
                end = self[index].latestEnd
            }
        }
        return indices.filter { isKept[$0] }.map { self[$0] }
    }
}

/// Entries of one scope can differ in their times only.
private struct Scope: Hashable {
    let subject: RevocationEntry.Subject
    let issuer: ExactText?
}

extension RevocationEntry {
    fileprivate var latestIssue: Int { issuedBefore ?? .max }
    fileprivate var latestEnd: Int { end ?? .max }
}
