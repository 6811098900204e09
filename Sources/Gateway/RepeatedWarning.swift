import Transport

/// Keeps a warning whose cause may come again and again to once in 10 s.
struct RepeatedWarning {
    private var count = 0
    private var silentUntil: Instant?

    private static let interval = Nanoseconds.seconds(10)

    /// Notes that there is cause to warn.
    ///
    /// - Returns: how often there was since the last warning, if it is time for another.
    mutating func occurred(at now: Instant) -> Int? {
        count += 1
        if let silentUntil, now < silentUntil { return nil }
        silentUntil = now + Self.interval
        defer { count = 0 }
        return count
    }
}
