/// All that is revoked, for looking up.
package final class Denylist: Sendable {
    /// How many entries there may be.
    package static let maximumCount = 100_000

    /// Whether nothing is revoked.
    package let isEmpty: Bool

    /// - Parameter entries: at most `maximumCount`.
    package init(_ entries: [RevocationEntry]) {
        isEmpty = entries.isEmpty
    }

    /// Whether the token was revoked.
    ///
    /// - Parameters:
    ///   - token: what is known of it.
    ///   - now: seconds since 1970.
    /// - Returns: whether any entry that has not ended says so.
    package func revokes(_ token: RevocableToken, now: Int) -> Bool { false }
}
