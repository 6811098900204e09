import Testing
import Transport

@testable import Gateway

/// A worker that only starts tasks.
private actor StarterWorker {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private let tasks: TaskStarter
    private let done: Waiter
    private var made = 0
    private var running = 0
    private var order: [Int] = []
    private var outcomes: [Waiter.Outcome] = []

    init(loop: EventLoop) {
        self.loop = loop
        tasks = TaskStarter(loop: loop)
        done = Waiter(loop: loop)
    }

    private func prepare() {
        tasks.startOne = { [self, loop] in
            Task(executorPreference: loop) { await self.runJobs() }
        }
    }

    private func runJobs() async {
        made += 1
        await tasks.runJobs()
    }

    private func job(_ number: Int) async {
        order.append(number)
        await Task.yield()
        running -= 1
        if running == 0 { done.wake() }
    }

    private func runAll(_ count: Int) async {
        running = count
        for number in 0..<count { tasks.start { _ in await self.job(number) } }
        _ = await done.wait(until: .never)
    }

    /// - Returns: how many tasks were made, and in which order the jobs ran.
    func run(_ rounds: [Int]) async -> (made: Int, order: [Int]) {
        prepare()
        for count in rounds {
            await runAll(count)
            // The task of the last job waits for another from the next turn on.
            await Task.yield()
        }
        return (made, order)
    }

    private func leaveWoken(_ waiter: Waiter) async {
        waiter.wake()
        done.wake()
    }

    private func waitForNobody(_ waiter: Waiter) async {
        outcomes.append(await waiter.wait(until: .now + .milliseconds(1)))
        done.wake()
    }

    /// - Returns: the end of a wait in a task whose last job left its waiter woken.
    func outcomeAfterWake() async -> (made: Int, outcomes: [Waiter.Outcome]) {
        prepare()
        tasks.start { await self.leaveWoken($0) }
        _ = await done.wait(until: .never)
        await Task.yield()
        tasks.start { await self.waitForNobody($0) }
        _ = await done.wait(until: .never)
        return (made, outcomes)
    }
}

@Suite("architecture.md: tasks of streams are used again", .timeLimit(.minutes(1)))
struct TaskStarterTests {
    /// Runs `body` with a worker whose loop has a thread of its own.
    private func withWorker<Result: Sendable>(
        _ body: @Sendable @escaping (StarterWorker) async -> Result
    ) async throws -> Result {
        let loop = try EventLoop()
        _ = try #require(Thread(name: "test") { loop.run() })
        defer { loop.stop() }
        return await body(StarterWorker(loop: loop))
    }

    @Test("there are as many tasks as jobs at the same time, and jobs run in order")
    func reuse() async throws {
        let outcome = try await withWorker { await $0.run([4, 3, 4, 1]) }
        #expect(outcome.made == 4)
        #expect(outcome.order == [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 0])
    }

    @Test("more jobs than the tasks that are kept all run")
    func many() async throws {
        let outcome = try await withWorker { await $0.run([200, 200]) }
        #expect(outcome.order.count == 400)
        #expect((200...400 - 64).contains(outcome.made))
    }

    @Test("a wake-up for one job does not end the wait of the next")
    func forgets() async throws {
        let outcome = try await withWorker { await $0.outcomeAfterWake() }
        #expect(outcome.made == 1)
        #expect(outcome.outcomes == [.expired])
    }
}
