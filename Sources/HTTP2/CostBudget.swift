internal import Transport

/// How much the other side may still ask of this one without giving any work to do. What is spent comes back with time, and
/// is earned by useful work, so that ordinary use never meets the bound.
struct CostBudget {
    private let capacity: Int
    private let perSecond: UInt64
    private var left: Int
    private var refilled: Instant?

    init(capacity: Int, perSecond: UInt64) {
        self.capacity = capacity
        self.perSecond = perSecond
        left = capacity
    }

    /// Pays for something.
    ///
    /// - Parameters:
    ///   - cost: how much, not negative.
    ///   - now: the time, not before that of the last call.
    /// - Returns: false if there was not enough left.
    mutating func spend(_ cost: Int, at now: Instant) -> Bool {
        refill(at: now)
        guard cost <= left else { return false }
        left -= cost
        return true
    }

    /// Gives back for useful work, up to the capacity.
    mutating func earn(_ amount: Int) {
        left = min(capacity, left + amount)
    }

    private mutating func refill(at now: Instant) {
        guard let last = refilled else { return refilled = now }
        let interval = 1_000_000_000 / perSecond
        let count = now.since(last).count / interval
        guard count > 0 else { return }
        earn(Int(clamping: min(count, UInt64(capacity))))
        // What is left of the interval counts for the next time.
        refilled = last + Nanoseconds(count: count * interval)
    }
}
