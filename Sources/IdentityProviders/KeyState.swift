/// What operators are shown of an issuer's keys.
package struct KeyState: Sendable {
    package let settings: RemoteKeysSettings
    /// Nil if there are none.
    package let keys: FetchedKeys?
    /// The URL that the keys were fetched from last, or were to be.
    package let url: String?
    /// Why the last attempt failed; nil if it did not.
    package let failure: ProviderError?
    /// When the last attempt was made, in seconds since 1970; nil if there was none.
    package let attempted: Int?
    /// When the next is due, in seconds since 1970.
    package let nextAttempt: Int?
}
