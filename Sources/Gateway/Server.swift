import AccessLog
import Admin
package import Configuration
import IdentityProviders
package import Logging
import Synchronization
import TLS
import Transport

/// The gateway as a process: its listeners, its workers on a thread each, its signals.
package final class Server: Sendable {
    let present: Present
    let workers: [Worker]
    let reloader: Reloader
    /// Raised when the workers have taken a reload up.
    let advanced: EventSignal
    let logger: Logger
    /// What clients resume TLS sessions by, on whichever worker.
    let tickets = TicketKeys()
    let providers: Providers
    let revocations: Revocations
    private let readiness: Readiness
    private let admin: AdminListener?

    /// Binds the listeners and builds the workers; nothing is accepted yet.
    ///
    /// - Parameters:
    ///   - configuration: what the file says.
    ///   - path: the file, to read it again.
    ///   - watchesFiles: whether it is read again when it changes, and not only on `SIGHUP`.
    ///   - logger: receives the events of the process.
    /// - Throws: `StartError`: nothing has been started then.
    package init(
        configuration: GatewayConfiguration, path: String, watchesFiles: Bool, logger: Logger
    ) throws(StartError) {
        ProcessSignals.hold()
        CurrentProcess.raiseDescriptorLimit()
        self.logger = logger
        let accessLog = try Self.openAccessLog(configuration.accessLog, logger)
        let listeners = try BoundListener.bind(configuration, listens: configuration.awaitedKeys.isEmpty)
        let workerCount = configuration.workers ?? CurrentProcess.coreCount
        readiness = Readiness(workerCount: workerCount)
        present = Present(Present.State(configuration: configuration, listeners: listeners, accessLog: accessLog))
        let adminSockets = try Self.bindAdminListener(configuration)
        let privateSockets = adminSockets.map(\.address)
        let calls: BlockingCalls
        do throws(SocketError) {
            calls = try BlockingCalls(threadCount: 2, capacity: 256)
            providers = try Providers(
                directory: configuration.stateDirectory, calls: calls, privateSockets: privateSockets, logger: logger)
        } catch {
            throw .noResources(error.description)
        }
        revocations = try Revocations(directory: configuration.stateDirectory, providers.trust)
        revocations.adopt(configuration)
        var workers: [Worker] = []
        do throws(SocketError) {
            admin = try Self.makeAdminListener(on: adminSockets, present, readiness, providers, revocations, logger)
            let logins = try Logins()
            for _ in 0..<workerCount {
                let generation = Self.makeGeneration(configuration, tickets: tickets)
                workers.append(
                    Worker(
                        generation: generation, loop: try EventLoop(), calls: calls, logins: logins,
                        providers: providers, privateSockets: privateSockets, log: accessLog, logger: logger))
            }
            advanced = try EventSignal()
            reloader = try Reloader(path: path, watchesFiles: watchesFiles, logger: logger)
        } catch {
            throw .noResources(error.description)
        }
        self.workers = workers
        present.withLock { $0.workers = workers }
    }

    static func makeGeneration(
        _ configuration: GatewayConfiguration, after predecessor: GatewayConfiguration? = nil, tickets: TicketKeys
    ) -> sending Generation {
        do throws(GenerationError) {
            return try Generation(configuration, after: predecessor, tickets: tickets)
        } catch {
            preconditionFailure("the configuration's reader let through what the evaluator refuses: \(error)")
        }
    }

    /// Serves until a signal ends the process.
    ///
    /// `SIGTERM`, `SIGINT` and `SIGQUIT` drain; a second one ends at once. `SIGHUP` reloads the configuration. `SIGUSR1` opens
    /// the log anew.
    ///
    /// - Parameter files: what the configuration was read from.
    /// - Returns: the exit status.
    package func run(_ files: consuming sending ReadFiles) -> Int32 {
        var threads: [Thread] = []
        for (index, worker) in workers.enumerated() {
            guard let thread = Thread(name: "worker-\(index)", { worker.loop.run() }) else { return withoutThread() }
            threads.append(thread)
        }
        guard providers.start() != nil else { return withoutThread() }
        Task { await startWorkers() }
        let read = Mutex<ReadFiles?>(files)
        let isReloading = Thread(name: "reload") { [self] in
            guard let files = read.withLock({ $0.take() }) else { return }
            reloader.run(files) { apply($0) }
        }
        guard isReloading != nil else { return withoutThread() }
        // What reading the configuration took is not needed any more.
        CurrentProcess.trimMemory()
        let adminThread = admin?.start()
        guard admin == nil || adminThread != nil else { return withoutThread() }
        return handleSignals(threads, adminThread)
    }

    /// Lets the workers accept, once the keys are there that are to be waited for.
    private func startWorkers() async {
        let configuration = present.withLock(\.configuration)
        await providers.keep([configuration])
        if !configuration.awaitedKeys.isEmpty {
            logger.info(
                "waiting for the keys of issuers",
                metadata: [
                    "event": "waiting_for_keys",
                    "issuers": .array(configuration.awaitedKeys.map { .string($0.name) }),
                ])
            await providers.keys.waitForKeys(of: configuration.awaitedKeys)
        }
        let listeners = present.withLock(\.listeners)
        do throws(SocketError) {
            for socket in listeners.flatMap(\.sockets) { try socket.listen() }
            for worker in workers {
                try await worker.start(listeners)
                readiness.workerAccepts()
            }
            logStart()
        } catch {
            // Half a gateway would look like a whole one.
            logger.critical("a worker cannot accept: \(error.description)", metadata: ["event": "start_failed"])
            CurrentProcess.exit(status: 2)
        }
    }

    private func withoutThread() -> Int32 {
        logger.critical("the system allows no further thread", metadata: ["event": "start_failed"])
        return 2
    }

    private func logStart() {
        let (configuration, listeners) = present.withLock { ($0.configuration, $0.listeners) }
        var metadata: Logger.Metadata = [
            "event": "started",
            "version": .string(BuildVersion.text),
            "config": .string(configuration.hash),
            "listeners": .array(listeners.flatMap(\.sockets).map { .string($0.address.description) }),
            "workers": .stringConvertible(workers.count),
            "pid": .stringConvertible(CurrentProcess.identifier),
        ]
        if let admin { metadata["admin"] = .array(admin.addresses.map { .string($0.description) }) }
        logger.info("gateway started", metadata: metadata)
        logWarnings(of: configuration)
    }

    // MARK: Signals

    private func handleSignals(_ threads: [Thread], _ adminThread: Thread?) -> Int32 {
        var isDraining = false
        while true {
            switch ProcessSignals.next() {
            case .reopenLog:
                present.withLock(\.accessLog).reopen()
                logger.info("access log reopened", metadata: ["event": "log_reopened"])
            case .reload: reloader.request()
            case .stop:
                guard !isDraining else {
                    logger.warning("ended at once", metadata: ["event": "stopped"])
                    return 2
                }
                isDraining = true
                drain(threads, adminThread)
            }
        }
    }

    /// Stops accepting, lets exchanges finish, and ends the process from a thread of its own: a second signal must still
    /// be heard.
    private func drain(_ threads: [Thread], _ adminThread: Thread?) {
        readiness.beginDraining()
        logger.info("draining", metadata: ["event": "draining"])
        let (listeners, limits) = present.withLock { present in
            present.isDraining = true
            return (present.listeners, present.configuration.limits)
        }
        let deadline = Instant.now + Nanoseconds(limits.drainTimeout)
        Task { [workers] in
            for worker in workers { await worker.stopAccepting() }
            // Only now: a client that connects from here on has to be refused instead of waiting in vain.
            for socket in listeners.flatMap(\.sockets) { socket.close() }
            for worker in workers {
                Task(executorPreference: worker.loop) { [worker] in
                    await worker.drain(until: deadline)
                    worker.loop.stop()
                }
            }
        }
        _ = Thread(name: "drain") { [self] in
            for thread in threads { thread.join() }
            present.withLock(\.accessLog).close()
            admin?.stop()
            adminThread?.join()
            logger.info("stopped", metadata: ["event": "stopped"])
            CurrentProcess.exit(status: 0)
        }
    }

    // MARK: Parts

    static func openAccessLog(
        _ configuration: AccessLogConfiguration, _ logger: Logger
    ) throws(StartError) -> AccessLogWriter {
        let output: AccessLogOutput =
            switch configuration.output {
            case .standardOutput: .stdout
            case .standardError: .stderr
            case .file(let path): .file(path: path)
            }
        do throws(AccessLogError) {
            return try AccessLogWriter(
                output: output, onOverflow: configuration.onOverflow == .block ? .block : .drop,
                report: { problem in
                    logger.error(
                        "the access log is not complete: \(problem.description)", metadata: ["event": "access_log"])
                })
        } catch {
            switch error {
            case .cannotOpen(let path, let code): throw .accessLog("\(path): \(systemMessage(code))")
            case .noResources(let code): throw .accessLog(systemMessage(code))
            }
        }
    }
}

/// Why the gateway did not start.
package enum StartError: Error {
    case cannotListen(String, String)
    case accessLog(String)
    case noResources(String)
    /// What was revoked in an earlier run cannot be read.
    case revocations(String)

    /// What to tell the operator.
    package var description: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .accessLog(let reason): "cannot write the access log: \(reason)"
        case .noResources(let reason): "cannot start: \(reason)"
        case .revocations(let reason): "cannot know what was revoked: \(reason)"
        }
    }
}
