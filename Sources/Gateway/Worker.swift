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
    private var sockets: [ListeningSocket] = []

    init(
        configuration: GatewayConfiguration, loop: EventLoop, calls: BlockingCalls, log: AccessLogWriter,
        logger: Logger
    ) throws(EvaluatorError) {
        self.loop = loop
        self.calls = calls
        self.logger = logger
        resources = try WorkerResources(
            configuration: configuration, loop: loop, log: AccessLogBuffer(writer: log, format: RecordFormat(.json)))
        for pool in resources.pools {
            pool.onConnectFailure = { address, error in
                logger.debug(
                    "an upstream cannot be connected to",
                    metadata: [
                        "event": "connect_failed", "address": .string(address.description),
                        "error": .string(error.description),
                    ])
            }
        }
    }

    /// Accepts connections from `sockets` and keeps house until `drain`.
    func start(_ sockets: [ListeningSocket]) throws(SocketError) {
        self.sockets = sockets
        for socket in sockets {
            let listener = makeListener(socket)
            listeners.append(listener)
            try listener.resume()
        }
        Task(executorPreference: loop) { await self.keepHouse() }
        Task(executorPreference: loop) { await self.resolveNames() }
    }

    private func makeListener(_ socket: ListeningSocket) -> Listener {
        Listener(
            socket: socket, loop: loop,
            onConnection: { [self, loop] descriptor, address in
                let number = descriptor.release()
                // The preference keeps the task's continuations on the loop: without it, CPU per request doubles.
                Task(executorPreference: loop) { await self.serve(number, from: address, on: socket) }
            },
            onExhaustion: { [self, loop] in
                Task(executorPreference: loop) { await self.resumeListeningLater() }
            })
    }

    private func serve(_ descriptor: Int32, from remote: SocketAddress, on socket: ListeningSocket) async {
        let isWithinLimit = socket.connectionOpened()
        if !isWithinLimit {
            logger.debug(
                "a connection beyond the limit",
                metadata: ["event": "connection_limit", "listener": .string(socket.address.description)])
        }
        defer { socket.connectionClosed() }
        guard let stream = try? TCPStream(accepted: Descriptor(owning: descriptor), loop: loop) else { return }
        let connection = Connection(stream: stream, remote: remote, resources: resources)
        resources.add(connection)
        await connection.serve(isWithinLimit: isWithinLimit)
        resources.remove(connection)
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
                for pool in resources.pools { pool.sweep() }
            }
        }
    }

    private func resolveNames() async {
        let waiter = Waiter(loop: loop)
        let named = resources.pools.filter { $0.nameToResolve != nil }
        guard !named.isEmpty else { return }
        while true {
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
            _ = await waiter.wait(until: .now + (isComplete ? Self.resolveInterval : Self.resolveRetryInterval))
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

    /// Accepts no connection from now on.
    func stopAccepting() {
        for listener in listeners { listener.finish() }
        listeners.removeAll()
    }

    /// Lets exchanges finish until `deadline`, then ends the rest and writes out the log.
    func drain(until deadline: Instant) async {
        resources.beginDraining()
        while !resources.connections.isEmpty {
            if await resources.drained.wait(until: deadline) == .expired { break }
        }
        for connection in resources.connections.values { connection.abort() }
        while !resources.connections.isEmpty {
            if await resources.drained.wait(until: .now + .seconds(1)) == .expired { break }
        }
        for pool in resources.pools { pool.closeIdle() }
        resources.log.flush()
    }
}
