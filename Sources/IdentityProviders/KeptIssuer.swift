internal import JOSE
internal import Outbound
internal import Transport

/// An issuer whose keys are kept.
final class KeptIssuer {
    let settings: RemoteKeysSettings
    let client: any ServiceClient
    /// Wakes the task that fetches the keys ahead of time.
    let waiter: Waiter
    var schedule: KeySchedule
    /// Where the keys came from last.
    var url: ServiceURL?
    /// When that was found out by discovery.
    var discovered = Instant.never
    /// Why the last attempt failed; nil if it did not.
    var failure: KeyFetchError?
    /// When the last attempt was made, in seconds since 1970.
    var attempted: Int?
    /// When the keys at hand are too old, by the clock that nobody sets.
    var end = Instant.never
    /// What was written to the disk last, and when.
    var written: (keys: KeySet, at: Instant)?
    private(set) var isRetired = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ settings: RemoteKeysSettings, client: any ServiceClient, loop: EventLoop) {
        self.settings = settings
        self.client = client
        waiter = Waiter(loop: loop)
        schedule = KeySchedule(settings, at: loop.now)
    }

    /// Waits for the end of the fetch that is under way.
    func fetchEnds() async {
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Lets those go on who wait for the end of a fetch.
    func endFetch() {
        for continuation in waiting { continuation.resume() }
        waiting = []
        waiter.wake()
    }

    /// Ends its task; a fetch that is under way changes nothing any more.
    func retire() {
        isRetired = true
        client.retire()
        waiter.wake()
    }
}
