import CLinux
import Testing
import Transport

/// An actor on a loop, as a worker is.
actor LoopActor {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private let waiter: Waiter

    init(loop: EventLoop) {
        self.loop = loop
        waiter = Waiter(loop: loop)
    }

    func wake() { waiter.wake() }

    func wait(milliseconds: UInt64) async -> Waiter.Outcome {
        await waiter.wait(until: .now + .milliseconds(milliseconds))
    }

    func waitForThePast() async -> Waiter.Outcome { await waiter.wait(until: loop.now) }

    /// Waits, yields and resumes.
    ///
    /// - Returns: the threads on which that went on.
    func threads() async -> [pthread_t] {
        var threads = [pthread_self()]
        _ = await waiter.wait(until: .now + .milliseconds(1))
        threads.append(pthread_self())
        await Task.yield()
        threads.append(pthread_self())
        await elsewhere { threads.append(pthread_self()) }
        return threads
    }

    private func elsewhere(_ body: () -> Void) async {
        await Task.yield()
        body()
    }
}

/// Runs `body` with a loop on a thread of its own.
func withLoop<Result: Sendable>(_ body: @Sendable @escaping (EventLoop) async throws -> Result) async throws -> Result {
    let loop = try EventLoop()
    _ = try #require(Thread(name: "test") { loop.run() })
    // To wait for the thread would hold one of the few that tests run on.
    defer { loop.stop() }
    return try await Task(executorPreference: loop) { try await body(loop) }.value
}

@Suite("architecture.md: one actor per core", .timeLimit(.minutes(1)))
struct EventLoopTests {
    @Test("a task with the loop's preference never leaves its thread")
    func staysOnThread() async throws {
        let threads = try await withLoop { loop in
            let own = pthread_self()
            return (own, await LoopActor(loop: loop).threads(), pthread_self())
        }
        #expect(threads.1 == [pthread_t](repeating: threads.0, count: 4))
        #expect(threads.2 == threads.0)
    }

    @Test("a wake-up ends a wait, and one that came before is kept")
    func wakes() async throws {
        let outcomes = try await withLoop { loop in
            let actor = LoopActor(loop: loop)
            await actor.wake()
            let kept = await actor.wait(milliseconds: 10_000)
            async let waiting = actor.wait(milliseconds: 10_000)
            await Task.yield()
            await actor.wake()
            return [kept, await waiting]
        }
        #expect(outcomes == [.woken, .woken])
    }

    @Test("a wait ends at its deadline, not before it")
    func expires() async throws {
        let (outcome, waited) = try await withLoop { loop in
            let began = Instant.now
            return (await LoopActor(loop: loop).wait(milliseconds: 20), Instant.now.since(began))
        }
        #expect(outcome == .expired)
        #expect(waited >= .milliseconds(20))
    }

    @Test("a deadline in the past ends the wait at once, also for who was woken")
    func past() async throws {
        let outcome = try await withLoop { loop in
            let actor = LoopActor(loop: loop)
            await actor.wake()
            return await actor.waitForThePast()
        }
        #expect(outcome == .expired)
    }

    @Test("calls that block come back with their result, and too many are refused")
    func blockingCalls() async throws {
        let calls = try BlockingCalls(threadCount: 1, capacity: 1)
        #expect(await calls.run { 42 } == 42)
        let refusing = try BlockingCalls(threadCount: 1, capacity: 0)
        #expect(await refusing.run { 42 } == nil)
    }
}
