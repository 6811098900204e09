import Configuration
import IdentityProviders
import Logging
import Transport

/// What the process asks identity providers for, on a thread of its own.
final class Providers: Sendable {
    let keys: KeyService
    let introspection: IntrospectionService
    let trust: TrustState
    private let loop: EventLoop

    /// - Parameters:
    ///   - directory: where the last good keys are kept; nil for nowhere.
    ///   - calls: threads for what blocks.
    ///   - privateSockets: sockets of this process that no provider can be.
    ///   - logger: receives what happens.
    /// - Throws: `SocketError.outOfDescriptors` if the process has no descriptor left.
    init(
        directory: String?, calls: BlockingCalls, privateSockets: [SocketAddress], logger: Logger
    ) throws(SocketError) {
        loop = try EventLoop()
        let log = ProviderLog(logger)
        keys = KeyService(
            loop: loop, calls: calls, directory: directory.map { "\($0)/keys" }, forbidden: privateSockets,
            report: log.note)
        introspection = IntrospectionService(loop: loop, calls: calls, forbidden: privateSockets, report: log.note)
        trust = TrustState(keys: keys.board)
    }

    /// Starts the thread.
    ///
    /// - Returns: the thread; nil if the system allows no further one.
    func start() -> Thread? { Thread(name: "providers") { [loop] in loop.run() } }

    /// Asks the issuers of these configurations from now on, and no others. Keys of an earlier run are there when this returns.
    func keep(_ configurations: [GatewayConfiguration]) async {
        await keys.keep(configurations.flatMap(\.remoteKeys))
        await introspection.keep(configurations.flatMap(\.introspections))
    }

    /// Which issuer has no keys that may be used, in words; nil if all have.
    ///
    /// - Parameters:
    ///   - configuration: the issuers.
    ///   - now: seconds since 1970.
    /// - Returns: what is missing.
    func missingKeys(in configuration: GatewayConfiguration, now: Int) -> String? {
        for settings in configuration.remoteKeys {
            guard let known = trust.keys.keys(settings) else { return "no keys of \(settings.name) yet" }
            if now >= known.end { return "the keys of \(settings.name) are \(now - known.fetched) s old" }
        }
        return nil
    }
}
