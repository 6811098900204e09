internal import CLinux

/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
package struct Instant: Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The clock's reading now; costs one call, where `EventLoop.now` costs none.
    package static var now: Instant { Instant(nanoseconds: readClock(CLOCK_MONOTONIC)) }

    /// A point that is never reached.
    package static let never = Instant(nanoseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The point `duration` after this one; `never` if that is beyond the clock's range.
    package static func + (instant: Instant, duration: Nanoseconds) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.count)
        return overflow ? never : Instant(nanoseconds: sum)
    }

    /// How long after `earlier` this point is; zero if it is not after it.
    package func since(_ earlier: Instant) -> Nanoseconds {
        Nanoseconds(count: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }
}

/// A length of time.
package struct Nanoseconds: Comparable, Sendable, Hashable {
    package var count: UInt64

    package init(count: UInt64) {
        self.count = count
    }

    /// The same length; negative ones count as zero.
    ///
    /// - Parameter duration: less than 584 years.
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(count: UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000)
    }

    /// In whole microseconds.
    package var microseconds: Int64 { Int64(count / 1000) }

    package static func seconds(_ count: UInt64) -> Nanoseconds { Nanoseconds(count: count * 1_000_000_000) }

    package static func milliseconds(_ count: UInt64) -> Nanoseconds { Nanoseconds(count: count * 1_000_000) }

    package static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }
}

private func readClock(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // SAFETY: `time` outlives the call, which only writes to it.
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
