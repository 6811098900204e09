import Synchronization

/// All that is revoked, for looking up.
package final class Denylist: Sendable {
    private static let lastNumber = Atomic<Int>(0)

    /// How many entries there may be.
    package static let maximumCount = 100_000

    private let entries: [RevocationEntry.Subject: [RevocationEntry]]
    /// Another for every list of the process, and never 0: what was looked up in this one need not be looked up again.
    package let number = lastNumber.add(1, ordering: .relaxed).newValue

    /// Whether nothing is revoked.
    package var isEmpty: Bool { entries.isEmpty }

    /// - Parameter entries: at most `maximumCount`.
    package init(_ entries: [RevocationEntry]) {
        self.entries = Dictionary(grouping: entries.withoutSuperfluous(), by: \.subject)
    }

    /// Until when the token is revoked.
    ///
    /// - Parameter token: what is known of it.
    /// - Returns: when the last entry for it ends, in seconds since 1970: `Int.max` for never, `Int.min` if there is none.
    package func end(ofRevocationOf token: RevocableToken) -> Int {
        if isEmpty { return .min }
        return max(
            end(.token, token.tokenID, token), end(.session, token.session, token),
            end(.subject, token.subject, token), end(.client, token.client, token))
    }

    private func end(_ kind: RevocationEntry.Subject.Kind, _ text: String?, _ token: RevocableToken) -> Int {
        guard let text, let candidates = entries[RevocationEntry.Subject(kind, text)] else { return .min }
        return candidates.lazy.filter { $0.concerns(token) }.map { $0.end ?? .max }.max() ?? .min
    }

    /// Whether the token was revoked.
    ///
    /// - Parameters:
    ///   - token: what is known of it.
    ///   - now: seconds since 1970.
    /// - Returns: whether any entry that has not ended says so.
    package func revokes(_ token: RevocableToken, now: Int) -> Bool { now < end(ofRevocationOf: token) }
}
