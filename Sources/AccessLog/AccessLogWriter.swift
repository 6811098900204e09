import CLinux
import Synchronization
import Transport

/// Writes the access log from a thread of its own, so that no event loop waits for a disk, a pipe or a terminal.
///
/// Workers hand over whole lines. The queue is bounded; what happens when it is full is the overflow policy, and a
/// quarter of it is kept for lines of refused requests. Lines that were lost are counted, a line of the log says how
/// many, and the application log hears of it.
package final class AccessLogWriter: Sendable {
    private let state: WriterState
    private let policy: OverflowPolicy
    private let thread: Mutex<Thread?>

    /// Opens the output and starts the thread.
    ///
    /// - Parameters:
    ///   - output: where lines go.
    ///   - policy: what happens when the queue is full.
    ///   - capacity: the most bytes that wait; a quarter is reserved for lines of refused requests.
    ///   - patience: how long `close` waits for an output that stalls, in milliseconds.
    ///   - report: called on the writer's thread when something goes wrong; rate-limited.
    /// - Throws: `AccessLogError` when the file cannot be opened or the system is out of descriptors or threads.
    package init(
        output: AccessLogOutput, onOverflow policy: OverflowPolicy = .drop, capacity: Int = 8 << 20,
        patience: Int = 5000, report: @escaping @Sendable (AccessLogProblem) -> Void = { _ in }
    ) throws(AccessLogError) {
        let descriptor = try LogDescriptor(output)
        state = try WriterState(capacity: capacity)
        self.policy = policy
        thread = Mutex(nil)
        let loop = WriterLoop(
            state: state, output: output, descriptor: descriptor, patience: patience, report: report)
        let start = WriterStart(loop)
        guard let started = Thread(name: "access-log", { start.run() }) else { throw .noResources(code: EAGAIN) }
        thread.withLock { $0 = started }
    }

    deinit {
        close()
    }

    /// All lines that were lost since the start.
    package var lostLines: LostLines { state.totalLost }

    /// Takes the lines of `chunk` and leaves an empty chunk.
    func submit(_ chunk: inout LogChunk) {
        state.submit(&chunk, policy)
    }

    /// Opens the file anew (logrotate); lines already handed over may go to either file. Without a file nothing happens.
    package func reopen() {
        state.reopen()
    }

    /// Writes everything that was handed over, then ends the thread; what an output that stalls beyond patience does not
    /// take is counted as lost.
    package func close() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        state.close()
        running.join()
    }
}

/// Carries the loop into its thread, which alone looks at it from then on.
private final class WriterStart: Sendable {
    private let loop: Mutex<WriterLoop>

    init(_ loop: consuming sending WriterLoop) {
        self.loop = Mutex(loop)
    }

    func run() {
        loop.withLock { $0.run() }
    }
}
