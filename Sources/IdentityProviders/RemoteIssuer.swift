internal import Transport

/// An issuer whose keys are kept: what is known of it, and who waits for more.
final class RemoteIssuer {
    /// How many may wait for one fetch; workers ask once for all that wait in them.
    static let waitingLimit = 10_000

    let settings: RemoteKeysSettings
    /// Never that of another, though the settings may come again.
    let number: Int
    let fetch: KeyFetch
    var schedule: KeySchedule
    /// What is on the board.
    var keys: FetchedKeys?
    var failure: ProviderError?
    /// When the last attempt began, in seconds since 1970.
    var attempted: Int?
    /// Where the keys of an earlier run came from.
    var restoredURL: String?
    /// What the record has; nil if there is none of this run or the last.
    var written: FetchedKeys?
    private(set) var isRetired = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ settings: RemoteKeysSettings, number: Int, fetch: KeyFetch) {
        self.settings = settings
        self.number = number
        self.fetch = fetch
        schedule = KeySchedule(settings)
    }

    /// Waits for the fetch that is under way; false, at once, if too many do already.
    func waitForFetch() async -> Bool {
        guard waiting.count < Self.waitingLimit else { return false }
        await withCheckedContinuation { continuation in
            // A task of another loop may be late here: the fetch that it saw may have ended, and nobody would wake it.
            guard schedule.isFetching, !isRetired else { return continuation.resume() }
            waiting.append(continuation)
        }
        return true
    }

    /// Lets all go on who wait for the fetch.
    func endWaits() {
        for continuation in waiting { continuation.resume() }
        waiting.removeAll()
    }

    /// Whether the record should be written anew: the keys are others, or its time is old.
    var needsRecord: Bool {
        guard let keys else { return false }
        guard let written, written.keys == keys.keys else { return true }
        return abs(keys.fetched - written.fetched) >= KeyRecord.timeInterval
    }

    /// Nothing that is still under way counts from now on, and nobody waits for it.
    func retire() {
        isRetired = true
        endWaits()
        fetch.client.retire()
    }
}
