import AccessLog
package import Configuration
package import Logging
import Transport

/// The gateway as a process: its listeners, its workers on a thread each, its signals.
package final class Server {
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let accessLog: AccessLogWriter
    private let sockets: [ListeningSocket]
    private let workers: [Worker]
    private var threads: [Thread] = []

    /// Binds the listeners and builds the workers; nothing is accepted yet.
    ///
    /// - Parameters:
    ///   - configuration: what the file says.
    ///   - logger: receives the events of the process.
    /// - Throws: `StartError`: nothing has been started then.
    package init(configuration: GatewayConfiguration, logger: Logger) throws(StartError) {
        ProcessSignals.hold()
        CurrentProcess.raiseDescriptorLimit()
        self.configuration = configuration
        self.logger = logger
        accessLog = try Self.openAccessLog(configuration.accessLog, logger)
        sockets = try Self.bind(configuration)
        var workers: [Worker] = []
        do throws(SocketError) {
            let calls = try BlockingCalls(threadCount: 2, capacity: 256)
            for _ in 0..<(configuration.workers ?? CurrentProcess.coreCount) {
                workers.append(try Self.makeWorker(configuration, calls, accessLog))
            }
        } catch {
            throw .noResources(error.description)
        }
        self.workers = workers
    }

    private static func makeWorker(
        _ configuration: GatewayConfiguration, _ calls: BlockingCalls, _ log: AccessLogWriter
    ) throws(SocketError) -> Worker {
        let loop = try EventLoop()
        do throws(EvaluatorError) {
            return try Worker(configuration: configuration, loop: loop, calls: calls, log: log)
        } catch {
            preconditionFailure("the configuration's reader let through what the evaluator refuses: \(error)")
        }
    }

    /// Serves until a signal ends the process.
    ///
    /// `SIGTERM`, `SIGINT` and `SIGQUIT` drain; a second one ends at once. `SIGUSR1` opens the log anew.
    ///
    /// - Returns: the exit status.
    package func run() -> Int32 {
        for (index, worker) in workers.enumerated() {
            guard let thread = Thread(name: "worker-\(index)", { worker.loop.run() }) else {
                logger.critical("no thread for a worker", metadata: ["event": "start_failed"])
                return 2
            }
            threads.append(thread)
            Task(executorPreference: worker.loop) { [sockets, logger] in
                do throws(SocketError) {
                    try await worker.start(sockets)
                } catch {
                    // Half a gateway would look like a whole one.
                    logger.critical("a worker cannot accept: \(error.description)", metadata: ["event": "start_failed"])
                    CurrentProcess.exit(status: 2)
                }
            }
        }
        logStart()
        return handleSignals()
    }

    private func logStart() {
        logger.info(
            "gateway started",
            metadata: [
                "event": "started",
                "version": .string(BuildVersion.text),
                "config": .string(configuration.hash),
                "listeners": .array(sockets.map { .string($0.address.description) }),
                "workers": .stringConvertible(workers.count),
                "pid": .stringConvertible(CurrentProcess.identifier),
            ])
    }

    // MARK: Signals

    private func handleSignals() -> Int32 {
        var isDraining = false
        while true {
            switch ProcessSignals.next() {
            case .reopenLog:
                accessLog.reopen()
                logger.info("access log reopened", metadata: ["event": "log_reopened"])
            case .reload:
                logger.warning(
                    "reloading is not supported yet: restart to apply a changed configuration",
                    metadata: ["event": "reload_ignored"])
            case .stop:
                guard !isDraining else {
                    logger.warning("ended at once", metadata: ["event": "stopped"])
                    return 2
                }
                isDraining = true
                drain()
            }
        }
    }

    /// Stops accepting, lets exchanges finish, and ends the process from a thread of its own: a second signal must still
    /// be heard.
    private func drain() {
        logger.info("draining", metadata: ["event": "draining"])
        let deadline = Instant.now + Nanoseconds(configuration.limits.drainTimeout)
        Task { [workers, sockets] in
            for worker in workers { await worker.stopAccepting() }
            // Only now: a client that connects from here on has to be refused instead of waiting in vain.
            for socket in sockets { socket.close() }
            for worker in workers {
                Task(executorPreference: worker.loop) { [worker] in
                    await worker.drain(until: deadline)
                    worker.loop.stop()
                }
            }
        }
        _ = Thread(name: "drain") { [threads, accessLog, logger] in
            for thread in threads { thread.join() }
            accessLog.close()
            logger.info("stopped", metadata: ["event": "stopped"])
            CurrentProcess.exit(status: 0)
        }
    }

    // MARK: Parts

    private static func openAccessLog(
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

    private static func bind(_ configuration: GatewayConfiguration) throws(StartError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for listener in configuration.listeners {
            for address in try addresses(of: listener.address) {
                do throws(SocketError) {
                    sockets.append(
                        try ListeningSocket(address: address, connectionLimit: configuration.limits.connections))
                } catch {
                    throw .cannotListen(address.description, error.description)
                }
            }
        }
        return sockets
    }

    private static func addresses(of address: SocketAddressConfiguration) throws(StartError) -> [SocketAddress] {
        switch address {
        case .unix(let path):
            guard let found = SocketAddress(unixPath: path) else {
                throw .cannotListen(
                    address.description, "the path is longer than \(SocketAddress.maximumPathLength) bytes")
            }
            return [found]
        case .ip(let host, let port):
            if let found = SocketAddress(numericHost: host, port: UInt16(port)) { return [found] }
            do throws(ResolverError) {
                return try Resolver.addresses(of: host, port: UInt16(port))
            } catch {
                throw .cannotListen(address.description, error.description)
            }
        }
    }
}

/// Why the gateway did not start.
package enum StartError: Error {
    case cannotListen(String, String)
    case accessLog(String)
    case noResources(String)

    /// What to tell the operator.
    package var description: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .accessLog(let reason): "cannot write the access log: \(reason)"
        case .noResources(let reason): "cannot start: \(reason)"
        }
    }
}
