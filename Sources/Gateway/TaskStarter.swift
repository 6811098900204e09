import Transport

/// Runs on a worker what never leaves it, such as the streams of a connection, in tasks that are used again: making one for
/// each request would be a good part of the request's cost.
final class TaskStarter {
    /// Starts one task on the worker, which calls `runJobs`; set when the worker starts.
    var startOne: () -> Void = {}
    private let loop: EventLoop
    /// What has a task that is about to run it, in order.
    private var jobs: [Job] = []
    /// Where tasks wait for a job.
    private var idle: [Waiter] = []

    /// How many tasks without a job are kept.
    private static let mostIdle = 64

    /// A closure in the form in which it is called.
    private struct Job {
        let run: (Waiter) async -> Void
    }

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Runs `body` in a task that runs nothing else meanwhile, from the next turn of the loop on.
    ///
    /// - Parameter body: receives the task's waiter. Only a closure of one expression, without a list of captures, runs as part
    ///   of the worker's actor; any other leaves it, and every wait costs a turn of the loop more.
    func start(_ body: @escaping (Waiter) async -> Void) {
        jobs.append(Job(run: body))
        if let task = idle.popLast() { task.wake() } else { startOne() }
    }

    /// Runs one job after the other, each as it is started.
    func runJobs() async {
        let (pause, waiter) = (Waiter(loop: loop), Waiter(loop: loop))
        while true {
            await jobs.removeFirst().run(waiter)
            waiter.forget()
            guard idle.count < Self.mostIdle else { break }
            idle.append(pause)
            _ = await pause.wait(until: .never)
        }
        waiter.retire()
    }
}
