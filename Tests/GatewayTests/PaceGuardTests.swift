import Testing
import Transport

@testable import Gateway

@Suite("issue 2: minimum body rate")
struct PaceGuardTests {
    private func makeGuard() -> PaceGuard { PaceGuard(minimumRate: 100, window: .seconds(5)) }

    @Test("only waiting counts, and only a whole window is judged")
    func patience() {
        var pace = makeGuard()
        #expect(keeps(&pace, .seconds(3)))
        #expect(pace.patience == .seconds(2))
        #expect(keeps(&pace, .seconds(2)) == false)
        #expect(pace.patience == .seconds(5), "the next window is a new one")
    }

    @Test("the rate is met at exactly the minimum", arguments: [(500, true), (499, false), (0, false)])
    func rate(bytes: Int, keeps expected: Bool) {
        var pace = makeGuard()
        pace.count(bytes)
        #expect(keeps(&pace, .seconds(5)) == expected)
    }

    @Test("bytes of an earlier window do not count")
    func windows() {
        var pace = makeGuard()
        pace.count(1_000_000)
        #expect(keeps(&pace, .seconds(5)))
        #expect(keeps(&pace, .seconds(5)) == false)
    }

    @Test("a longer wait asks for more")
    func longWait() {
        var pace = makeGuard()
        pace.count(600)
        #expect(keeps(&pace, .seconds(7)) == false)
    }

    @Test("no rate is ever missed where none is asked for")
    func anyRate() {
        var pace = PaceGuard(minimumRate: 0, window: .seconds(5))
        #expect(keeps(&pace, .seconds(50)))
    }

    @Test("a rate beyond all measure and a year of waiting are no crash")
    func overflow() {
        var pace = PaceGuard(minimumRate: 1 << 50, window: .seconds(5))
        pace.count(1 << 40)
        #expect(keeps(&pace, .seconds(31_536_000)) == false)
    }

    private func keeps(_ pace: inout PaceGuard, _ waited: Nanoseconds) -> Bool {
        pace.keepsPace(afterWaiting: waited)
    }
}
