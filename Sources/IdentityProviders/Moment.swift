internal import Bytes
internal import Transport

/// A point in time on both clocks.
struct Moment: Sendable {
    /// For what lasts.
    var instant: Instant
    /// Microseconds since 1970, for what ends at a date.
    var timeOfDay: Int64

    /// Seconds since 1970.
    var seconds: Int { Int(timeOfDay / 1_000_000) }

    /// What is `duration` after `begin`, in whole seconds since 1970; how long ago `begin` was is not asked of the clock that
    /// may be set.
    func seconds(_ duration: Nanoseconds, after begin: Instant) -> Int {
        Int((timeOfDay - instant.since(begin).microseconds + duration.microseconds) / 1_000_000)
    }
}
