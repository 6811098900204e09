import CLinux
import Synchronization
import Transport

/// What workers and the writer's thread share.
final class WriterState: Sendable {
    /// What the thread does next.
    enum Step {
        case write(LogChunk)
        case tell(LostLines)
        case reopen
        case wait
        /// The log is closed and everything is written, but for a line that tells of losses.
        case finish(LostLines?)
    }

    private struct Guarded: Sendable {
        var queue: LineQueue
        var isReopening = false
        var isClosing = false
        var waitingWorkers = 0
    }

    private let guarded: Mutex<Guarded>
    private let work: EventSignal
    private let space: EventSignal

    init(capacity: Int) throws(AccessLogError) {
        guarded = Mutex(Guarded(queue: LineQueue(capacity: capacity)))
        do throws(SocketError) {
            work = try EventSignal()
            space = try EventSignal()
        } catch {
            throw .noResources(code: EMFILE)
        }
    }

    var isClosing: Bool { guarded.withLock { $0.isClosing } }

    /// All lines that were lost since the start.
    var totalLost: LostLines { guarded.withLock { $0.queue.totalLost } }

    /// Takes the lines of `chunk` and leaves an empty one; under `block` this waits for room until `close`.
    func submit(_ chunk: inout LogChunk, _ policy: OverflowPolicy) {
        var isWaiting = false
        while true {
            let (admission, isFirst) = guarded.withLock { guarded in
                let isFirst = guarded.queue.isEmpty
                let admission = guarded.queue.offer(&chunk, guarded.isClosing ? .drop : policy)
                if admission == .full && !isWaiting { guarded.waitingWorkers += 1 }
                if admission == .taken && isWaiting { guarded.waitingWorkers -= 1 }
                return (admission, isFirst)
            }
            if isFirst { work.raise() }
            if admission == .taken { return }
            isWaiting = true
            // Several workers may wait for one signal: one that misses it looks again soon.
            space.wait(milliseconds: 20)
        }
    }

    /// What to do next; losses are told when the queue is empty, or when `isTellingDue`.
    func next(isTellingDue: Bool) -> Step {
        guarded.withLock { guarded in
            if guarded.isReopening {
                guarded.isReopening = false
                return .reopen
            }
            if isTellingDue, let lost = guarded.queue.takeLost() { return .tell(lost) }
            if let chunk = guarded.queue.next() { return .write(chunk) }
            return guarded.isClosing ? .finish(guarded.queue.takeLost()) : .wait
        }
    }

    func finish(_ chunk: consuming LogChunk, written: Int) {
        let chunk = chunk
        let isWaitedFor = guarded.withLock { guarded in
            guarded.queue.finish(chunk, written: written)
            return guarded.waitingWorkers > 0
        }
        if isWaitedFor { space.raise() }
    }

    func waitForWork(milliseconds: Int32) {
        work.wait(milliseconds: milliseconds)
    }

    /// Takes back losses that could not be told, to be told later.
    func restore(_ lost: LostLines) {
        guarded.withLock { $0.queue.restore(lost) }
    }

    func reopen() {
        guarded.withLock { $0.isReopening = true }
        work.raise()
    }

    func close() {
        guarded.withLock { $0.isClosing = true }
        work.raise()
        space.raise()
    }
}
