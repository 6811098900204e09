/// The deadlines of one event loop, in slots of 16 ms.
///
/// A waiter stands in one slot at most and stays there when its deadline moves to a later time; it is looked at when the
/// slot's turn comes and moved on if it is not due. So a deadline that is renewed with every request costs a store.
struct TimerWheel {
    /// A slot and the position in it.
    struct Place {
        var tick: UInt64
        var index: Int
    }

    private static let tickLength: UInt64 = 16_000_000
    private static let slotCount: UInt64 = 4096

    private var slots = [[Waiter]](repeating: [], count: Int(slotCount))
    private var currentTick = Instant.now.nanoseconds / tickLength
    /// No slot before this tick holds a waiter.
    private var nextTick = UInt64.max
    private var population = 0

    /// When the loop has to look again; `never` if no waiter is in the wheel.
    var nextDeadline: Instant {
        population == 0 ? .never : Instant(nanoseconds: nextTick * Self.tickLength)
    }

    /// Makes sure that `waiter` is looked at once its deadline has passed.
    mutating func schedule(_ waiter: Waiter) {
        guard waiter.deadline != .never else { return }
        let wanted = tick(for: waiter.deadline)
        if let place = waiter.place {
            if place.tick <= wanted { return }
            remove(waiter)
        }
        insert(waiter, at: wanted)
    }

    /// Takes `waiter` out of the wheel, if it is in it.
    mutating func remove(_ waiter: Waiter) {
        guard let place = waiter.place else { return }
        waiter.place = nil
        population -= 1
        let slot = Int(place.tick % Self.slotCount)
        let last = slots[slot].count - 1
        if place.index != last {
            let moved = slots[slot][last]
            slots[slot][place.index] = moved
            moved.place?.index = place.index
        }
        slots[slot].removeLast()
    }

    /// Ends the waits whose deadlines have passed at `now`.
    mutating func advance(to now: Instant) {
        let target = now.nanoseconds / Self.tickLength
        var tick = max(nextTick, currentTick)
        currentTick = max(currentTick, target)
        guard population > 0, tick <= target else { return }
        let last = min(target, tick + Self.slotCount - 1)
        while tick <= last {
            if !slots[Int(tick % Self.slotCount)].isEmpty { visit(tick, now) }
            tick += 1
        }
        nextTick = firstOccupiedTick(after: target)
    }

    private mutating func visit(_ tick: UInt64, _ now: Instant) {
        let slot = Int(tick % Self.slotCount)
        var due: [Waiter] = []
        swap(&due, &slots[slot])
        population -= due.count
        for waiter in due {
            waiter.place = nil
            if waiter.deadline <= now {
                waiter.expire()
            } else if waiter.deadline != .never {
                insert(waiter, at: max(self.tick(for: waiter.deadline), tick + 1))
            }
        }
    }

    private mutating func insert(_ waiter: Waiter, at wanted: UInt64) {
        // What lies beyond the wheel's horizon waits in its last slot and is moved on from there.
        let tick = min(wanted, currentTick + Self.slotCount - 1)
        let slot = Int(tick % Self.slotCount)
        waiter.place = Place(tick: tick, index: slots[slot].count)
        slots[slot].append(waiter)
        population += 1
        nextTick = min(nextTick, tick)
    }

    private func tick(for deadline: Instant) -> UInt64 {
        max(deadline.nanoseconds / Self.tickLength + 1, currentTick + 1)
    }

    private func firstOccupiedTick(after tick: UInt64) -> UInt64 {
        guard population > 0 else { return .max }
        for candidate in (tick + 1)...(tick + Self.slotCount) where !slots[Int(candidate % Self.slotCount)].isEmpty {
            return candidate
        }
        return .max
    }
}
