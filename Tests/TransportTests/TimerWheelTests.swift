import Testing

@testable import Transport

@Suite("architecture.md: every wait has a deadline")
struct TimerWheelTests {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop()
    }

    /// A waiter in the loop's wheel whose deadline lies so many milliseconds ahead.
    private func waiter(in milliseconds: UInt64, of start: Instant) -> Waiter {
        let waiter = Waiter(loop: loop)
        waiter.deadline = start + .milliseconds(milliseconds)
        loop.timers.schedule(waiter)
        return waiter
    }

    @Test("no waiter is looked at before its deadline, and each within two slots after it")
    func manyDeadlines() {
        let start = Instant.now
        var state: UInt64 = 42
        var waiters: [Waiter] = []
        for _ in 0..<10_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // The wheel's horizon is 65 s.
            waiters.append(waiter(in: (state >> 33) % 200_000, of: start))
        }
        var now = start
        var turns = 0
        while now < start + .seconds(201) {
            now = now + .milliseconds(7)
            loop.timers.advance(to: now)
            turns += 1
            guard turns.isMultiple(of: 500) else { continue }
            let early = waiters.count { $0.place == nil && $0.deadline > now }
            #expect(early == 0)
        }
        for waiter in waiters { #expect(waiter.place == nil) }
        #expect(loop.timers.nextDeadline == .never)
    }

    @Test("nobody is late", arguments: [0, 1, 15, 16, 17, 1000, 65_519, 65_520, 65_536, 65_537, 131_072, 500_000])
    func punctual(milliseconds: UInt64) {
        let start = Instant.now
        let waiter = waiter(in: milliseconds, of: start)
        var now = start
        while waiter.place != nil && now < start + .milliseconds(milliseconds + 100) {
            #expect(loop.timers.nextDeadline > now)
            now = max(now + .milliseconds(1), loop.timers.nextDeadline)
            loop.timers.advance(to: now)
        }
        #expect(waiter.place == nil)
        #expect(now >= waiter.deadline)
        #expect(now.since(waiter.deadline) < .milliseconds(33))
    }

    @Test("a deadline that is moved ahead is kept, one that is moved back is kept early")
    func moved() {
        let start = Instant.now
        let later = waiter(in: 100, of: start)
        let sooner = waiter(in: 10_000, of: start)
        later.deadline = start + .seconds(20)
        loop.timers.schedule(later)
        sooner.deadline = start + .milliseconds(50)
        loop.timers.schedule(sooner)
        loop.timers.advance(to: start + .milliseconds(200))
        #expect(sooner.place == nil)
        #expect(later.place != nil)
        loop.timers.advance(to: start + .milliseconds(20_100))
        #expect(later.place == nil)
    }

    @Test("who is removed leaves the others where they are")
    func removed() {
        let start = Instant.now
        let waiters = (0..<100).map { _ in waiter(in: 1000, of: start) }
        for index in stride(from: 0, to: 100, by: 3) { loop.timers.remove(waiters[index]) }
        for (index, waiter) in waiters.enumerated() { #expect((waiter.place == nil) == index.isMultiple(of: 3)) }
        loop.timers.remove(waiters[0])
        loop.timers.advance(to: start + .seconds(2))
        for waiter in waiters { #expect(waiter.place == nil) }
        #expect(loop.timers.nextDeadline == .never)
    }

    @Test("a loop that was held up for minutes catches up at once")
    func heldUp() {
        let start = Instant.now
        let waiters = (0..<1000).map { waiter(in: UInt64($0) * 60, of: start) }
        loop.timers.advance(to: start + .seconds(600))
        for waiter in waiters { #expect(waiter.place == nil) }
    }
}
