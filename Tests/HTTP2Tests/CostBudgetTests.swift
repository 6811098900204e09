import Testing
import Transport

@testable import HTTP2

@Suite("A budget for what costs more than it says")
struct CostBudgetTests {
    /// `#expect` changes nothing that it is given.
    private final class Purse {
        private var budget: CostBudget

        init(capacity: Int, perSecond: UInt64) { budget = CostBudget(capacity: capacity, perSecond: perSecond) }

        func spend(_ cost: Int, at now: Instant) -> Bool { budget.spend(cost, at: now) }
        func earn(_ amount: Int) { budget.earn(amount) }
    }

    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test("what is spent comes back with time, up to the capacity")
    func refill() {
        let budget = Purse(capacity: 10, perSecond: 4)
        #expect(budget.spend(10, at: start))
        #expect(!budget.spend(1, at: start + .milliseconds(249)))
        #expect(budget.spend(1, at: start + .milliseconds(250)))
        #expect(budget.spend(3, at: start + .seconds(1)))
        #expect(!budget.spend(1, at: start + .seconds(1)))
        #expect(!budget.spend(11, at: start + .seconds(1000)))
        #expect(budget.spend(10, at: start + .seconds(1000)))
    }

    @Test("parts of an interval are not lost, however often it is asked")
    func parts() {
        let budget = Purse(capacity: 10, perSecond: 1)
        #expect(budget.spend(10, at: start))
        for step in 1..<10 { #expect(!budget.spend(1, at: start + .milliseconds(UInt64(step) * 100))) }
        #expect(budget.spend(1, at: start + .seconds(1)))
    }

    @Test("useful work earns, up to the capacity")
    func earn() {
        let budget = Purse(capacity: 10, perSecond: 1)
        #expect(budget.spend(8, at: start))
        budget.earn(100)
        #expect(budget.spend(10, at: start))
        #expect(!budget.spend(1, at: start))
    }
}
