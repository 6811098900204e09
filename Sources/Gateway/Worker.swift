import AccessLog
import Configuration
import Logging
import Transport
import Upstream

/// One core's share of the gateway: its connections, upstream pools, caches and log, all on one loop.
actor Worker {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }

    private let resources: WorkerResources
    private let calls: BlockingCalls
    private let logger: Logger
    private var listeners: [Listener] = []
    private var isStarted = false
    /// What a reload wants listened to, where it came before the start.
    private var wanted: [BoundListener]?
    private var isStopping = false

    init(
        generation: sending Generation, loop: EventLoop, calls: BlockingCalls, logins: Logins,
        providers: Providers, privateSockets: [SocketAddress], log: AccessLogWriter, logger: Logger
    ) {
        self.loop = loop
        self.calls = calls
        self.logger = logger
        resources = WorkerResources(
            generation: generation, loop: loop, calls: calls, logins: logins, providers: providers,
            privateSockets: privateSockets,
            log: AccessLogBuffer(writer: log, format: RecordFormat(.json)), logger: logger)
    }

    /// Accepts connections from `listening` and keeps house until `drain`.
    func start(_ listening: [BoundListener]) throws(SocketError) {
        isStarted = true
        resources.tasks.startOne = { [self, loop] in
            Task(executorPreference: loop) { await self.runJobs() }
        }
        if !isStopping { try listen(to: wanted ?? listening) }
        wanted = nil
        Task(executorPreference: loop) { await self.keepHouse() }
        Task(executorPreference: loop) { await self.resolveNames() }
    }

    private func runJobs() async { await resources.tasks.runJobs() }

    /// Lets another configuration rule from the next exchange on.
    ///
    /// - Parameters:
    ///   - next: the configuration.
    ///   - listening: all that is to be listened on; the connections of other listeners end with their exchanges.
    ///   - log: takes the lines from now on; nil for the same as before.
    /// - Throws: what accepting from a new socket fails with; all else is done then.
    func advance(
        to next: Handover, _ listening: [BoundListener], log: AccessLogWriter?
    ) throws(SocketError) {
        if let next = next.take() { resources.advance(to: next) }
        // The configuration may have revoked their tokens.
        resources.wakeStreams()
        if let log {
            resources.log.flush()
            resources.log = AccessLogBuffer(writer: log, format: RecordFormat(.json))
        }
        guard isStarted else { return wanted = listening }
        if !isStopping { try listen(to: listening) }
    }

    /// Lets streams end whose token was revoked.
    func wakeStreams() { resources.wakeStreams() }

    /// Accepts from `listening` and from nothing else.
    private func listen(to listening: [BoundListener]) throws(SocketError) {
        for bound in listening {
            for socket in bound.sockets where !listeners.contains(where: { $0.socket === socket }) {
                let listener = makeListener(socket, of: bound.id)
                listeners.append(listener)
                try listener.resume()
            }
        }
        let wanted = listening.flatMap(\.sockets)
        for listener in listeners where !wanted.contains(where: { $0 === listener.socket }) { listener.finish() }
        listeners.removeAll { listener in !wanted.contains { $0 === listener.socket } }
    }

    private func makeListener(_ socket: ListeningSocket, of id: ListenerID) -> Listener {
        Listener(
            socket: socket, loop: loop,
            onConnection: { [self, loop] descriptor, remote in
                let number = descriptor.release()
                // The preference keeps the task's continuations on the loop: without it, CPU per request doubles.
                Task(executorPreference: loop) { await self.serve(number, from: remote, on: socket, of: id) }
            },
            onExhaustion: { [self, loop] in
                Task(executorPreference: loop) { await self.resumeListeningLater() }
            })
    }

    private func serve(
        _ descriptor: Int32, from remote: SocketAddress, on socket: ListeningSocket, of id: ListenerID
    ) async {
        let isWithinLimit = socket.connectionOpened()
        defer { socket.connectionClosed() }
        guard let connection = makeConnection(descriptor, from: remote, of: id) else { return }
        if !isWithinLimit { noteLimit(of: socket) }
        await connection.serve(isWithinLimit: isWithinLimit)
        resources.remove(connection)
    }

    // What is needed only for a moment would be held in the frame of `serve` for as long as the connection lives.

    @inline(never)
    private func makeConnection(_ descriptor: Int32, from remote: SocketAddress, of id: ListenerID) -> Connection? {
        guard let stream = try? TCPStream(accepted: Descriptor(owning: descriptor), loop: loop) else { return nil }
        guard let listener = resources.generation.settings(of: id) else {
            stream.close(abruptly: false)
            return nil
        }
        let connection = Connection(socket: stream, remote: remote, listener: listener, resources: resources)
        resources.add(connection)
        return connection
    }

    @inline(never)
    private func noteLimit(of socket: ListeningSocket) {
        logger.debug(
            "a connection beyond the limit",
            metadata: ["event": "connection_limit", "listener": .string(socket.address.description)])
    }

    /// Without a free descriptor, accepting would fail at once, again and again.
    private func resumeListeningLater() async {
        let waiter = Waiter(loop: loop)
        _ = await waiter.wait(until: .now + .milliseconds(100))
        guard !resources.isDraining else { return }
        for listener in listeners { try? listener.resume() }
    }

    // MARK: Housekeeping

    private static let flushInterval = Nanoseconds.milliseconds(80)
    private static let sweepInterval = Nanoseconds.seconds(1)
    private static let resolveInterval = Nanoseconds.seconds(30)
    /// As long as a name has no address, its upstream cannot be reached at all.
    private static let resolveRetryInterval = Nanoseconds.seconds(1)

    private func keepHouse() async {
        var nextSweep = loop.now + Self.sweepInterval
        while true {
            let outcome = await resources.housekeeper.wait(until: nextSweep)
            if outcome == .woken {
                _ = await resources.housekeeper.wait(until: loop.now + Self.flushInterval)
            }
            resources.log.flush()
            if loop.now >= nextSweep {
                nextSweep = loop.now + Self.sweepInterval
                resources.sweep()
            }
        }
    }

    private func resolveNames() async {
        while true {
            let named = resources.generation.pools.filter { $0.nameToResolve != nil }
            for pool in named {
                guard let (host, port) = pool.nameToResolve else { continue }
                let outcome = await calls.run { () -> Result<[SocketAddress], ResolverError> in
                    Result { () throws(ResolverError) in try Resolver.addresses(of: host, port: port) }
                }
                if let outcome {
                    pool.update(outcome)
                    log(outcome, of: host)
                }
            }
            let isComplete = named.allSatisfy(\.hasAddress)
            _ = await resources.resolver.wait(
                until: .now + (isComplete ? Self.resolveInterval : Self.resolveRetryInterval))
        }
    }

    private func log(_ outcome: Result<[SocketAddress], ResolverError>, of host: String) {
        var metadata: Logger.Metadata = ["event": "looked_up", "name": .string(host)]
        switch outcome {
        case .success(let addresses): metadata["addresses"] = .array(addresses.map { .string($0.host) })
        case .failure(let error): metadata["error"] = .string(error.description)
        }
        logger.debug("the name of an upstream was looked up", metadata: metadata)
    }

    // MARK: Ending

    /// How long streams have for what they are ended with.
    private static let streamEndTimeout = Nanoseconds.milliseconds(500)

    /// Accepts no connection from now on.
    func stopAccepting() {
        isStopping = true
        for listener in listeners { listener.finish() }
        listeners.removeAll()
    }

    /// Lets exchanges finish until `deadline`, then ends the rest and writes out the log.
    func drain(until deadline: Instant) async {
        resources.beginDraining()
        await connectionsEnd(by: deadline)
        resources.endStreams()
        await connectionsEnd(by: deadline + Self.streamEndTimeout)
        for connection in resources.connections.values { connection.abort() }
        await connectionsEnd(by: .now + .seconds(1))
        for pool in resources.generation.pools { pool.retire() }
        resources.log.flush()
    }

    /// Waits for the last connection to end, until `deadline` at most.
    private func connectionsEnd(by deadline: Instant) async {
        while !resources.connections.isEmpty {
            if await resources.drained.wait(until: deadline) == .expired { return }
        }
    }
}
