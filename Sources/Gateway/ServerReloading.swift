import AccessLog
import Configuration
import Logging
import Synchronization
import Transport

extension Server {
    /// Brings `next` to the workers, or leaves everything as it is if something that it needs cannot be had.
    func apply(_ next: GatewayConfiguration) {
        let before = present.withLock { $0 }
        guard !before.isDraining else { return }
        let change = ConfigurationChange(from: before.configuration, to: next)
        let listeners: [BoundListener]
        let log: AccessLogWriter
        do throws(StartError) {
            listeners = try BoundListener.bind(next, keeping: before.listeners)
            let isSameLog = next.accessLog.isWrittenAs(before.configuration.accessLog)
            log = isSameLog ? before.accessLog : try Self.openAccessLog(next.accessLog, logger)
        } catch {
            return reloader.logFailure([error.description])
        }
        let generations = workers.map { _ in
            Handover(Self.makeGeneration(next, after: before.configuration, tickets: tickets))
        }
        let isDraining = present.withLock { present in
            guard !present.isDraining else { return true }
            present.configuration = next
            present.listeners = listeners
            present.accessLog = log
            return false
        }
        // The drain has the old listeners and log in hand already, and ends the process.
        guard !isDraining else { return }
        for socket in listeners.flatMap(\.sockets) { socket.limitConnections(to: next.limits.connections) }
        revocations.adopt(next)
        advance(from: before.configuration, to: next, generations, listeners, log: log === before.accessLog ? nil : log)
        for gone in before.listeners where !listeners.contains(where: { $0.id == gone.id }) {
            for socket in gone.sockets { socket.close() }
        }
        if log !== before.accessLog { before.accessLog.close() }
        logReload(change, from: before.configuration.hash, to: next.hash)
        logWarnings(of: next)
    }

    /// Hands each worker its generation, and waits until all have taken it up.
    private func advance(
        from before: GatewayConfiguration, to next: GatewayConfiguration, _ generations: [Handover],
        _ listeners: [BoundListener], log: AccessLogWriter?
    ) {
        Task { [self] in
            // Until the last worker has it, requests may still be decided by the one before.
            await providers.keep([before, next])
            for (worker, generation) in zip(workers, generations) {
                do throws(SocketError) {
                    try await worker.advance(to: generation, listeners, log: log)
                } catch {
                    logger.critical(
                        "a worker cannot accept: \(error.description)", metadata: ["event": "reload_incomplete"])
                }
            }
            await providers.keep([next])
            advanced.raise()
        }
        advanced.wait()
    }

    /// Says what is probably not meant in a configuration that is in force from now on.
    func logWarnings(of configuration: GatewayConfiguration) {
        guard let warnings = ConfigurationChange.list(configuration.warnings.map(\.summary)) else { return }
        logger.warning(
            "the configuration has warnings", metadata: ["event": "configuration_warnings", "warnings": warnings])
    }

    private func logReload(_ change: ConfigurationChange, from old: String, to new: String) {
        var metadata = change.metadata
        metadata["event"] = "reloaded"
        metadata["config"] = .string(new)
        metadata["previous"] = .string(old)
        logger.info(
            change.isEmpty ? "configuration reloaded: nothing in it has changed" : "configuration reloaded",
            metadata: metadata)
    }
}

extension AccessLogConfiguration {
    /// Whether both are written by the same writer; how a line looks is the exchanges' business.
    fileprivate func isWrittenAs(_ other: AccessLogConfiguration) -> Bool {
        output == other.output && onOverflow == other.onOverflow
    }
}
