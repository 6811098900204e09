internal import CLinux

/// The time of day, for logs, dates and token lifetimes.
package enum WallClock {
    /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
    package static var microseconds: Int64 {
        var time = timespec()
        // SAFETY: `time` outlives the call, which only writes to it.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Seconds since then, rounded down.
    package static var seconds: Int { Int(microseconds / 1_000_000) }
}
