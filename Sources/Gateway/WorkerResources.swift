import AccessLog
import Bytes
import HTTP
import HTTP2
import Logging
import TLS
import Transport
import Upstream

/// What the connections of one worker share. It never leaves the worker's loop, so nothing in it is locked.
final class WorkerResources {
    let loop: EventLoop
    /// What new exchanges are decided by.
    private(set) var generation: Generation
    /// Earlier generations that exchanges still run under.
    private var predecessors: [Generation] = []
    let blocks: BlockPool
    let streamStorage = StreamStorage()
    private let calls: BlockingCalls
    /// The sockets for operators, which no request of a client may reach.
    private let privateSockets: [SocketAddress]
    let logins: Logins
    let providers: Providers
    var log: AccessLogBuffer
    private let logger: Logger
    var identifiers = RequestIdentifiers()
    /// For what else nobody may guess.
    var random = RandomNumbers()
    private(set) var isDraining = false
    /// Whether the time is over in which streams might have ended by themselves.
    private(set) var isEndingStreams = false
    private(set) var connections: [ObjectIdentifier: Connection] = [:]
    private var proxyHeaderWarning = RepeatedWarning()
    /// Takes heads of HTTP/2 on their way to a message.
    var head = HeadFields()
    /// Starts a task on the worker, for what never leaves it.
    let tasks: TaskStarter
    private var date: (second: Int, text: [UInt8]) = (0, [])
    /// Waits for the next flush of the log and the next sweep of the pools.
    let housekeeper: Waiter
    /// Waits for the last connection to end.
    let drained: Waiter
    /// Waits for names that have to be looked up.
    let resolver: Waiter

    init(
        generation: Generation, loop: EventLoop, calls: BlockingCalls, logins: Logins, providers: Providers,
        privateSockets: [SocketAddress], log: consuming AccessLogBuffer, logger: Logger
    ) {
        self.generation = generation
        self.loop = loop
        self.calls = calls
        self.privateSockets = privateSockets
        self.logins = logins
        self.providers = providers
        self.log = log
        self.logger = logger
        blocks = BlockPool()
        tasks = TaskStarter(loop: loop)
        housekeeper = Waiter(loop: loop)
        drained = Waiter(loop: loop)
        resolver = Waiter(loop: loop)
        generation.begin(after: nil, makePool: makePool)
    }

    // MARK: Generations

    private func makePool(_ settings: UpstreamSettings, _ tls: ClientTLSContext?) -> UpstreamPool {
        let pool = UpstreamPool(
            settings: settings, tls: tls, loop: loop, blocks: blocks, streamStorage: streamStorage,
            forbidden: privateSockets, startTask: { [tasks] body in tasks.start { _ in await body() } })
        var warning = RepeatedWarning()
        pool.onFailure = { [logger, loop] address, error in
            var metadata: Logger.Metadata = [
                "event": "connect_failed", "address": .string(address), "error": .string(error.detail),
            ]
            // An upstream that is down shows in every refusal; why there is no TLS, or no HTTP/2, only here.
            if case .unreachable = error {
                return logger.debug("an upstream cannot be connected to", metadata: metadata)
            }
            guard let count = warning.occurred(at: loop.now) else { return }
            metadata["count"] = .stringConvertible(count)
            logger.warning("there is no use in a connection to an upstream", metadata: metadata)
        }
        return pool
    }

    /// Lets `next` decide the exchanges that begin from now on.
    func advance(to next: Generation) {
        let predecessor = generation
        next.begin(after: predecessor, makePool: makePool)
        generation = next
        predecessors.append(predecessor)
        resolver.wake()
        for connection in connections.values {
            connection.listenerChanged(to: next.settings(of: connection.listener.id))
        }
    }

    /// Destroys what no exchange needs any more: later, when nothing on the stack of an exchange refers to it.
    private func destroyFinished() {
        while let index = predecessors.firstIndex(where: \.isFinished) {
            calls.destroy(predecessors.remove(at: index))
        }
    }

    /// Keeps house; called about once a second.
    func sweep() {
        for pool in generation.pools { pool.sweep() }
        destroyFinished()
    }

    // MARK: Connections

    /// Tells the operator that a trusted proxy did not begin as `proxy_protocol` says.
    func warnOfProxyHeader(from remoteIP: [UInt8]) {
        guard let count = proxyHeaderWarning.occurred(at: loop.now) else { return }
        var metadata: Logger.Metadata = ["event": "proxy_header", "count": .stringConvertible(count)]
        if !remoteIP.isEmpty { metadata["remote_ip"] = .string(remoteIP.span.text) }
        logger.warning("a trusted proxy sent no PROXY header, or a malformed one", metadata: metadata)
    }

    /// Tells whoever looks for it why a client did not get TLS: most often it is the client's own fault.
    func noteFailedHandshake(from remoteIP: [UInt8], _ error: TLSError) {
        var metadata: Logger.Metadata = ["event": "handshake_failed", "error": .string(error.message)]
        if !remoteIP.isEmpty { metadata["remote_ip"] = .string(remoteIP.span.text) }
        logger.debug("a handshake of TLS failed", metadata: metadata)
    }

    /// Tells whoever looks for it that the gateway ended a connection of HTTP/2 because of what the client did.
    func noteEnd(of session: ServerSession, _ end: ConnectionEnd, from remoteIP: [UInt8]) {
        guard let fault = session.fault else { return }
        var metadata: Logger.Metadata = ["event": "http2_fault", "error": .string(fault.description)]
        if !remoteIP.isEmpty { metadata["remote_ip"] = .string(remoteIP.span.text) }
        logger.debug("a connection of HTTP/2 was ended", metadata: metadata)
    }

    func add(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        if connections.isEmpty { drained.wake() }
    }

    /// Lets every exchange finish and ends the connections that have none.
    func beginDraining() {
        isDraining = true
        for connection in connections.values { connection.beginDraining() }
    }

    /// Lets the streams end that would go on.
    func endStreams() {
        isEndingStreams = true
        wakeStreams()
    }

    /// Lets streams look at whether they may go on.
    func wakeStreams() {
        for connection in connections.values { connection.wakeExchanges() }
    }

    // MARK: Exchanges

    /// An exchange under the present configuration.
    func takeExchange() -> Exchange { generation.takeExchange(self) }

    // MARK: Records

    /// Appends the line of an ended exchange.
    func append(_ record: borrowing Record) {
        if log.append(record) { housekeeper.wake() }
    }

    // MARK: Time

    /// Appends a date as HTTP writes it (RFC 9110 §5.6.7), made once a second.
    func appendDate(at microseconds: Int64, to output: inout [UInt8]) {
        let second = Int(microseconds / 1_000_000)
        if second != date.second {
            date.second = second
            date.text.removeAll(keepingCapacity: true)
            HTTPDate.append(seconds: second, to: &date.text)
        }
        output.append(contentsOf: date.text)
    }
}
