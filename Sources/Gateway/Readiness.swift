import Admin
import Synchronization

/// Whether requests should be sent to this process, as far as it can tell itself; all threads share it.
final class Readiness: Sendable {
    private let startingWorkers: Atomic<Int>
    private let isDraining = Atomic<Bool>(false)

    init(workerCount: Int) {
        startingWorkers = Atomic(workerCount)
    }

    /// Called once by each worker when it accepts connections.
    func workerAccepts() {
        startingWorkers.subtract(1, ordering: .relaxed)
    }

    /// Called when the process begins to end.
    func beginDraining() {
        isDraining.store(true, ordering: .relaxed)
    }

    /// One more condition is one more line here.
    var checks: [ReadinessCheck] {
        [
            ReadinessCheck("listeners") { [self] in
                startingWorkers.load(ordering: .relaxed) == 0 ? nil : "not every worker accepts yet"
            },
            ReadinessCheck("shutdown") { [self] in isDraining.load(ordering: .relaxed) ? "draining" : nil },
        ]
    }
}
