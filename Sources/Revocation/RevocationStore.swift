/// What operators have revoked while the process runs, and in earlier runs: kept in a file.
package final class RevocationStore: Sendable {
    /// - Parameter path: the file; nil keeps nothing beyond this run.
    /// - Throws: `RevocationError` if the file is there and cannot be used: what it revokes must not be good again.
    package init(path: String?) throws(RevocationError) {}

    /// All entries that have not ended.
    package func entries(now: Int) -> [RevocationEntry] { [] }

    /// Adds entries, and writes them down.
    ///
    /// - Returns: what operators should know: nil, or why the entries will be lost with the process.
    /// - Throws: `.tooMany`; nothing is added then.
    package func add(_ entries: [RevocationEntry], now: Int) throws(RevocationError) -> String? { nil }

    /// Takes entries away again, each as it was added.
    ///
    /// - Returns: how many there were, and why that will be lost with the process.
    package func remove(_ entries: [RevocationEntry], now: Int) -> (count: Int, warning: String?) { (0, nil) }
}

/// Why entries are not to be had or not to be kept.
package enum RevocationError: Error, Equatable, Sendable {
    case unreadable(path: String, detail: String)
    case tooMany
}
