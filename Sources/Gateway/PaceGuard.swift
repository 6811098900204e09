import Transport

/// Watches that one party keeps a minimum rate: only the time spent waiting for that party counts.
struct PaceGuard {
    private let minimumRate: UInt64
    private let window: Nanoseconds
    private var waited = Nanoseconds(count: 0)
    private var moved: UInt64 = 0

    /// - Parameters:
    ///   - minimumRate: bytes per second; 0 allows any.
    ///   - window: over how much waiting the rate is measured.
    init(minimumRate: Int, window: Nanoseconds) {
        self.minimumRate = UInt64(max(0, minimumRate))
        self.window = window
    }

    /// Counts bytes that the party took or gave.
    mutating func count(_ bytes: Int) {
        moved += UInt64(bytes)
    }

    /// How long the party may be waited for now.
    var patience: Nanoseconds {
        Nanoseconds(count: window.count > waited.count ? window.count - waited.count : 0)
    }

    /// Counts time that was spent waiting for the party.
    ///
    /// - Returns: false if a window has ended in which the party was too slow.
    mutating func keepsPace(afterWaiting time: Nanoseconds) -> Bool {
        waited.count += time.count
        guard waited >= window else { return true }
        let (required, overflow) = minimumRate.multipliedReportingOverflow(by: waited.count / 1_000_000)
        let keeps = !overflow && moved >= required / 1000 && (moved > 0 || minimumRate == 0)
        waited.count = 0
        moved = 0
        return keeps
    }
}
