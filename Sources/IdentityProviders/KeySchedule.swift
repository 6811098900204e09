internal import Transport

/// When the keys of an issuer are fetched; it has no clock, and no input and output.
///
/// Ahead of their end, and before that when somebody needs a key that is not there. Whatever asks for it, nothing is fetched
/// within the minimum interval after a fetch; only without any keys it is tried sooner, in steps that double from a second.
struct KeySchedule {
    /// What a request for newer keys comes to.
    enum Chance: Equatable {
        /// It may begin a fetch.
        case fetch
        /// One is under way.
        case wait
        /// The last one is not long enough ago.
        case tooEarly
    }

    private let refreshInterval: Nanoseconds
    private let minimumInterval: Nanoseconds
    /// When keys are fetched next if nobody asks.
    private(set) var next: Instant
    /// Before when nothing is fetched, whoever asks.
    private(set) var earliest: Instant
    private(set) var isFetching = false
    /// How often it failed since it last did not.
    private(set) var failures = 0
    private var hasSucceeded = false

    init(_ settings: RemoteKeysSettings, at now: Instant) {
        refreshInterval = settings.refreshInterval
        minimumInterval = settings.minimumInterval
        next = now
        earliest = now
    }

    /// What a request for newer keys comes to.
    func chance(at now: Instant) -> Chance {
        isFetching ? .wait : now < earliest ? .tooEarly : .fetch
    }

    /// Whether keys are to be fetched though nobody asks.
    func isDue(at now: Instant) -> Bool { !isFetching && now >= next }

    /// Whether the keys at hand are all that the issuer has: what is not among them does not exist.
    func isCurrent(at now: Instant) -> Bool { hasSucceeded && failures == 0 && now < earliest }

    mutating func begin() { isFetching = true }

    /// Ends a fetch that has brought keys.
    ///
    /// - Parameters:
    ///   - now: when it ended.
    ///   - jitter: from 0 to 1: gateways that were started together need not ask together.
    mutating func succeed(at now: Instant, jitter: Double) {
        isFetching = false
        hasSucceeded = true
        failures = 0
        earliest = now + minimumInterval
        next = max(earliest, now + refreshInterval * (0.9 + 0.2 * jitter))
    }

    /// Ends a fetch that has brought none.
    ///
    /// - Parameters:
    ///   - now: when it ended.
    ///   - rest: how long the keys at hand may still be used; nil if there are none.
    mutating func fail(at now: Instant, rest: Nanoseconds?) {
        isFetching = false
        failures += 1
        let steps = min(failures - 1, 16)
        guard let rest else {
            next = now + min(minimumInterval, .seconds(1 << UInt64(steps)))
            earliest = next
            return
        }
        // Not so late that the keys end without another attempt.
        let patience = min(refreshInterval, max(minimumInterval, rest * 0.25))
        earliest = now + minimumInterval
        next = now + min(max(minimumInterval * Double(1 << steps), minimumInterval), patience)
    }
}

extension Nanoseconds {
    fileprivate static func * (duration: Nanoseconds, factor: Double) -> Nanoseconds {
        Nanoseconds(count: UInt64(Double(duration.count) * factor))
    }
}
