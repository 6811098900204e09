internal import Transport

/// When the keys of an issuer are fetched, and how long those before are good.
///
/// Intervals are counted on the monotonic clock. The age of keys is the greater of what the two clocks say: a date that is
/// set back makes no key younger, and the time that the machine slept counts. A date that is set forward makes keys too old
/// until they are fetched again, which is due at once then.
struct KeySchedule {
    /// What may be done for somebody who wants newer keys.
    enum Request: Equatable {
        /// The caller fetches, and says how that went.
        case begin
        /// Somebody else does.
        case wait
        /// Nothing, before this.
        case notBefore(Instant)
    }

    /// When keys are too old.
    private struct End {
        var instant: Instant
        /// Seconds since 1970.
        var seconds: Int
    }

    private static let firstRetry = Nanoseconds.seconds(1)

    private let refreshInterval: Nanoseconds
    private let minimumInterval: Nanoseconds
    private let maximumAge: Nanoseconds
    private var end: End?
    /// When keys are fetched though nobody asks for newer ones.
    private var nextAttempt = Instant(nanoseconds: 0)
    /// Before when nothing is fetched, whoever asks.
    private var earliestAttempt = Instant(nanoseconds: 0)
    /// Failures in a row.
    private var failures = 0
    private var hasSucceeded = false
    private(set) var isFetching = false

    /// - Parameter settings: the intervals.
    init(_ settings: RemoteKeysSettings) {
        refreshInterval = settings.refreshInterval
        minimumInterval = settings.minimumInterval
        maximumAge = settings.maximumAge
    }

    // MARK: What is known

    /// For how long the keys are good; zero if there are none.
    private func remaining(at now: Moment) -> Nanoseconds {
        guard let end, end.seconds > now.seconds else { return Nanoseconds(count: 0) }
        return min(end.instant.since(now.instant), .seconds(UInt64(end.seconds - now.seconds)))
    }

    /// Whether there are keys that are not too old.
    func isUsable(at now: Moment) -> Bool { remaining(at: now).count > 0 }

    /// Whether the keys are what the issuer said last, and that is so short a time ago that it is not asked again.
    func isCurrent(at now: Moment) -> Bool {
        hasSucceeded && now.instant < earliestAttempt && isUsable(at: now)
    }

    /// When the keys are too old, in seconds since 1970 by the clock as it is set now; nil without keys.
    func end(at now: Moment) -> Int? {
        end.map { min($0.seconds, now.seconds + Int($0.instant.since(now.instant).count / 1_000_000_000)) }
    }

    /// When keys are to be fetched next; no longer of interest while they are being fetched.
    func nextAttempt(at now: Moment) -> Instant {
        end == nil || isUsable(at: now) ? nextAttempt : min(nextAttempt, earliestAttempt)
    }

    /// Whether a fetch is to begin now.
    func isDue(at now: Moment) -> Bool { !isFetching && nextAttempt(at: now) <= now.instant }

    /// What may be done for somebody who wants newer keys.
    func request(at now: Moment) -> Request {
        if isFetching { return .wait }
        return now.instant < earliestAttempt ? .notBefore(earliestAttempt) : .begin
    }

    // MARK: What happens

    /// Takes over keys of an earlier run, which are `age` seconds old; younger ones are due at once nevertheless.
    mutating func restore(age: Int, at now: Moment) {
        let rest = Int(maximumAge.count / 1_000_000_000) - age
        guard age >= 0, rest > 0 else { return }
        end = End(instant: now.instant + .seconds(UInt64(rest)), seconds: now.seconds + rest)
    }

    /// A fetch begins.
    mutating func begin() {
        isFetching = true
    }

    /// The fetch has brought keys.
    ///
    /// - Parameters:
    ///   - now: when.
    ///   - jitter: any number: which one decides where in the middle fifth of the interval the next attempt is.
    mutating func succeed(at now: Moment, jitter: UInt64) {
        isFetching = false
        hasSucceeded = true
        failures = 0
        end = End(
            instant: now.instant + maximumAge, seconds: now.seconds + Int(maximumAge.count / 1_000_000_000))
        let unit = refreshInterval.count / 10_240
        let wanted = refreshInterval.count / 10 * 9 + unit * (jitter % 2049)
        let latest = maximumAge.count / 10 * 9
        earliestAttempt = now.instant + minimumInterval
        nextAttempt = max(earliestAttempt, now.instant + Nanoseconds(count: min(wanted, latest)))
    }

    /// The fetch has brought nothing.
    mutating func fail(at now: Moment) {
        isFetching = false
        hasSucceeded = false
        let doublings = UInt64(1) << UInt64(min(failures, 20))
        failures += 1
        let rest = remaining(at: now)
        guard rest.count > 0 else {
            let pause = min(Nanoseconds(count: Self.firstRetry.count * doublings), minimumInterval)
            earliestAttempt = now.instant + pause
            nextAttempt = earliestAttempt
            return
        }
        let growing = min(minimumInterval.count * doublings, refreshInterval.count, rest.count / 2)
        earliestAttempt = now.instant + minimumInterval
        nextAttempt = max(earliestAttempt, now.instant + Nanoseconds(count: growing))
    }
}
