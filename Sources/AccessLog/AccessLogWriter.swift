import CLinux
import Synchronization

/// Writes the access log from a thread of its own, so that no event loop waits for a disk, a pipe or a terminal.
///
/// Workers hand over whole lines. The queue is bounded; what happens when it is full is the overflow policy, and a
/// quarter of it is kept for lines of refused requests. Lines that were lost are counted, a line of the log says how
/// many, and the application log hears of it.
package final class AccessLogWriter: Sendable {
    private let state: WriterState
    private let policy: OverflowPolicy
    private let thread: Mutex<pthread_t?>

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
        let started = try WriterThread.start(loop)
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
        pthread_join(running, nil)
    }
}

/// Starts the thread that runs a `WriterLoop`.
private enum WriterThread {
    /// Carries the loop into the thread.
    private final class Box {
        var loop: WriterLoop

        init(_ loop: consuming WriterLoop) {
            self.loop = loop
        }
    }

    static func start(_ loop: consuming WriterLoop) throws(AccessLogError) -> pthread_t {
        // SAFETY: the box is retained here and released by the thread, or below when there is none.
        let box = unsafe Unmanaged.passRetained(Box(loop))
        // Signals belong to the main thread, and a pipe without a reader shall be an error of write(2).
        var all = sigset_t()
        var previous = sigset_t()
        // SAFETY: both sets live for the calls.
        unsafe sigfillset(&all)
        // SAFETY: as above.
        unsafe pthread_sigmask(SIG_BLOCK, &all, &previous)
        var thread = pthread_t()
        // SAFETY: the context is the retained box, which only the new thread uses.
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().loop.run()
                return nil
            }, box.toOpaque())
        // SAFETY: as above.
        unsafe pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard code == 0 else {
            unsafe box.release()
            throw .noResources(code: code)
        }
        // SAFETY: the name is a literal of at most 15 bytes.
        unsafe pthread_setname_np(thread, "access-log")
        return thread
    }
}
