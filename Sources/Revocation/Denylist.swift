/// All that is revoked, for looking up.
package final class Denylist: Sendable {
    /// How many entries there may be.
    package static let maximumCount = 100_000

    private let entries: [RevocationEntry.Subject: [RevocationEntry]]
    /// Whether nothing is revoked.
    package let isEmpty: Bool

    /// - Parameter entries: at most `maximumCount`.
    package init(_ entries: [RevocationEntry]) {
        self.entries = Dictionary(grouping: entries.withoutSuperfluous(), by: \.subject)
        isEmpty = self.entries.isEmpty
    }

    /// Whether the token was revoked.
    ///
    /// - Parameters:
    ///   - token: what is known of it.
    ///   - now: seconds since 1970.
    /// - Returns: whether any entry that has not ended says so.
    package func revokes(_ token: RevocableToken, now: Int) -> Bool {
        if isEmpty { return false }
        return revokes(.token, token.tokenID, token, now) || revokes(.session, token.session, token, now)
            || revokes(.subject, token.subject, token, now) || revokes(.client, token.client, token, now)
    }

    private func revokes(
        _ kind: RevocationEntry.Subject.Kind, _ text: String?, _ token: RevocableToken, _ now: Int
    ) -> Bool {
        guard let text, let candidates = entries[RevocationEntry.Subject(kind, text)] else { return false }
        return candidates.contains { $0.concerns(token) && !$0.hasEnded(at: now) }
    }
}
