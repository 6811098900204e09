package import JOSE
package import Synchronization

/// The keys of an issuer as they were fetched last.
package struct FetchedKeys: Sendable {
    package let keys: KeySet
    /// When they were fetched, in seconds since 1970.
    package let fetched: Int
    /// When they are too old, in seconds since 1970.
    package let end: Int
}

/// The keys that were fetched last, for all threads: the service writes them here, workers take them over.
package final class KeyBoard: Sendable {
    /// Grows with every change, so that workers see at little cost whether there is one.
    package let version = Atomic<Int>(0)
    private let entries = Mutex<[RemoteKeysSettings: FetchedKeys]>([:])

    package init() {}

    /// The keys of an issuer; nil if none were ever fetched.
    package func keys(_ settings: RemoteKeysSettings) -> FetchedKeys? {
        entries.withLock { $0[settings] }
    }

    /// Puts the keys of an issuer here, or takes them away.
    package func set(_ keys: FetchedKeys?, for settings: RemoteKeysSettings) {
        entries.withLock { $0[settings] = keys }
        version.add(1, ordering: .releasing)
    }
}
