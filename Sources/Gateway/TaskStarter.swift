/// Starts tasks on a worker for objects that never leave it, such as the streams of a connection.
final class TaskStarter {
    /// Starts one task on the worker, which calls `runNext`; set when the worker starts.
    var startOne: () -> Void = {}
    private var waiting: [() async -> Void] = []

    /// Runs `body` in a task of its own, in the next turn of the loop.
    func start(_ body: @escaping () async -> Void) {
        waiting.append(body)
        startOne()
    }

    /// Runs what has waited longest.
    func runNext() async {
        await waiting.removeFirst()()
    }
}
