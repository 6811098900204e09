internal import Bytes
internal import CLinux
internal import Synchronization

/// One thread's loop: the serial executor of its worker and, at the same time, the task executor of every task that the
/// worker starts.
///
/// Both roles matter: a continuation resumed in a task without the executor preference takes a detour over the global
/// pool, which doubles the CPU per request.
///
/// All members but `enqueue` and `stop` are for the loop's own thread.
@safe package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// The readings of the monotonic clock that deadlines are computed from: refreshed once per turn of the loop.
    package private(set) var now = Instant.now
    /// The time of day, in microseconds since 1970, refreshed as `now` is.
    package private(set) var timeOfDay = WallClock.microseconds
    /// The same in whole seconds, as tokens tell time.
    package var seconds: Int { Int(timeOfDay / 1_000_000) }

    private let epoll: Descriptor
    private let wakeUp: Descriptor
    private var thread: pthread_t?
    private var ready: [UnownedJob] = []
    private var running: [UnownedJob] = []
    private let inbox = Mutex<[UnownedJob]>([])
    private let isStopped = Atomic<Bool>(false)
    private var sources: [Registration] = []
    private var events = [readiness](repeating: readiness(), count: 256)
    var timers = TimerWheel()

    private struct Registration {
        var source: EventSource?
        /// Told apart from earlier registrations of the same descriptor, whose events may still be under way.
        var generation: UInt32 = 0
    }

    /// - Throws: `SocketError.outOfDescriptors` if the process has none left.
    package init() throws(SocketError) {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SocketError(errno: last_error()) }
        self.epoll = Descriptor(owning: epoll)
        let wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw SocketError(errno: last_error()) }
        self.wakeUp = Descriptor(owning: wakeUp)
        try control(EPOLL_CTL_ADD, wakeUp, EPOLLIN.rawValue | EPOLLET.rawValue, generation: 0)
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.append(job)
        } else {
            inbox.withLock { $0.append(job) }
            signal()
        }
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// The executor for an actor that lives on this loop and holds it, as long as both live.
    @safe package var serialExecutor: UnownedSerialExecutor {
        // SAFETY: the actor keeps the loop alive; nobody else is given the executor.
        unsafe asUnownedSerialExecutor()
    }

    private var isCurrent: Bool {
        guard let thread else { return false }
        return pthread_equal(pthread_self(), thread) != 0
    }

    private func signal() {
        var one: UInt64 = 1
        // SAFETY: an eventfd takes eight bytes, the size of `one`, which outlives the call.
        unsafe _ = write(wakeUp.number, &one, 8)
    }

    // MARK: Turns

    /// Runs jobs and waits for events until `stop`; the calling thread is the loop's own from here on.
    package func run() {
        thread = pthread_self()
        takeInbox()
        while !isStopped.load(ordering: .acquiring) {
            runBatch()
            poll()
            timers.advance(to: now)
        }
    }

    /// Ends `run` after the turn under way; may be called from any thread.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
        signal()
    }

    /// Runs the jobs that are ready now; those that they make ready wait for the next turn, so that nobody starves.
    private func runBatch() {
        guard !ready.isEmpty else { return }
        swap(&ready, &running)
        // SAFETY: both are this loop, which outlives this call.
        let serial = unsafe asUnownedSerialExecutor()
        let tasks = unsafe asUnownedTaskExecutor()
        for job in running {
            // SAFETY: each job was enqueued once and runs once; both executors are this loop, which outlives its jobs.
            unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: tasks)
        }
        running.removeAll(keepingCapacity: true)
    }

    private func poll() {
        let count = wait()
        now = .now
        timeOfDay = WallClock.microseconds
        for index in 0..<count {
            let word = events[index].word
            deliver(events[index].events, to: Int(word & 0xffff_ffff), generation: UInt32(word >> 32))
        }
    }

    private func wait() -> Int {
        let timeout = ready.isEmpty ? millisecondsUntilDeadline() : 0
        let size = Int32(events.count)
        // SAFETY: the pointer covers `size` events and is used only during the call.
        let count = unsafe events.withUnsafeMutableBufferPointer {
            unsafe epoll_collect(epoll.number, $0.baseAddress, size, timeout)
        }
        return max(0, Int(count))
    }

    private func millisecondsUntilDeadline() -> Int32 {
        let deadline = timers.nextDeadline
        guard deadline != .never else { return -1 }
        return Int32(min(deadline.since(.now).count / 1_000_000 + 1, 60_000))
    }

    private func deliver(_ events: UInt32, to descriptor: Int, generation: UInt32) {
        if descriptor == Int(wakeUp.number) {
            var count: UInt64 = 0
            // SAFETY: an eventfd gives eight bytes, the size of `count`, which outlives the call.
            unsafe _ = read(wakeUp.number, &count, 8)
            takeInbox()
            return
        }
        let registration = sources[descriptor]
        guard registration.generation == generation, let source = registration.source else { return }
        source.handle(EventSet(rawValue: events))
    }

    private func takeInbox() {
        inbox.withLock { jobs in
            ready.append(contentsOf: jobs)
            jobs.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Registration

    /// Asks for the events of `descriptor`: once per change of state (edge-triggered) for connections, or for as long as
    /// there is something to accept, with one loop woken of those that share the descriptor, for listeners.
    func register(_ source: EventSource, _ descriptor: Int32, isListener: Bool = false) throws(SocketError) {
        let slot = Int(descriptor)
        while sources.count <= slot { sources.append(Registration()) }
        sources[slot].generation &+= 1
        let wanted =
            isListener
            ? EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue
            : EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        try control(EPOLL_CTL_ADD, descriptor, wanted, generation: sources[slot].generation)
        sources[slot].source = source
    }

    /// Ends the events of `descriptor`; a connection may skip the system call if it closes its descriptor next.
    func unregister(_ descriptor: Int32, closing: Bool) {
        sources[Int(descriptor)].source = nil
        if !closing { try? control(EPOLL_CTL_DEL, descriptor, 0, generation: 0) }
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ wanted: UInt32, generation: UInt32
    ) throws(SocketError) {
        let word = UInt64(generation) << 32 | UInt64(descriptor)
        guard epoll_control(epoll.number, operation, descriptor, wanted, word) == 0 else {
            throw SocketError(errno: last_error())
        }
    }
}

/// Something with a descriptor whose events a loop delivers.
package class EventSource {
    func handle(_ events: EventSet) {}
}

/// The events of `epoll(7)`.
struct EventSet: OptionSet {
    let rawValue: UInt32

    static let readable = EventSet(rawValue: EPOLLIN.rawValue)
    static let writable = EventSet(rawValue: EPOLLOUT.rawValue)
    static let ended = EventSet(rawValue: EPOLLRDHUP.rawValue)
    static let failure = EventSet(rawValue: EPOLLERR.rawValue)
    static let hangUp = EventSet(rawValue: EPOLLHUP.rawValue)
}
