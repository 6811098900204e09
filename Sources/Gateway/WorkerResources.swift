import AccessLog
import Bytes
import Configuration
import HTTP
import Logging
import Transport
import Upstream

/// What the connections of one worker share. It never leaves the worker's loop, so nothing in it is locked.
final class WorkerResources {
    let loop: EventLoop
    let evaluator: Evaluator
    let settings: GatewaySettings
    let blocks: BlockPool
    /// In the order of the configuration's upstreams.
    let pools: [UpstreamPool]
    var log: AccessLogBuffer
    var identifiers = RequestIdentifiers()
    let forwardingRules = ForwardingRules()
    private(set) var isDraining = false
    private(set) var connections: [ObjectIdentifier: Connection] = [:]
    private var spareExchanges: [Exchange] = []
    private let logger: Logger
    private let listeners: [ListenerSettings]
    private var proxyHeaderWarning = RepeatedWarning()
    private var date: (second: Int, text: [UInt8]) = (0, [])
    /// Waits for the next flush of the log and the next sweep of the pools.
    let housekeeper: Waiter
    /// Waits for the last connection to end.
    let drained: Waiter

    init(
        configuration: GatewayConfiguration, loop: EventLoop, log: consuming AccessLogBuffer, logger: Logger
    ) throws(EvaluatorError) {
        self.loop = loop
        self.log = log
        self.logger = logger
        listeners = configuration.listeners.map { ListenerSettings($0) }
        evaluator = try Evaluator(configuration)
        settings = GatewaySettings(configuration)
        blocks = BlockPool(head: settings.messageLimits.head)
        pools = configuration.upstreams.map { [blocks] upstream in
            UpstreamPool(settings: UpstreamSettings(upstream, configuration.limits), loop: loop, blocks: blocks)
        }
        housekeeper = Waiter(loop: loop)
        drained = Waiter(loop: loop)
    }

    // MARK: Connections

    /// What the configuration says of the listener that a socket belongs to: the one way from a connection to it.
    func settings(of socket: ListeningSocket) -> ListenerSettings { listeners[socket.listener] }

    /// Tells the operator that a trusted proxy did not begin as `proxy_protocol` says.
    func warnOfProxyHeader(from remoteIP: [UInt8]) {
        guard let count = proxyHeaderWarning.occurred(at: loop.now) else { return }
        var metadata: Logger.Metadata = ["event": "proxy_header", "count": .stringConvertible(count)]
        if !remoteIP.isEmpty { metadata["remote_ip"] = .string(remoteIP.span.text) }
        logger.warning("a trusted proxy sent no PROXY header, or a malformed one", metadata: metadata)
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
        for connection in connections.values { connection.waiter.wake() }
    }

    // MARK: Exchanges

    /// An exchange with the storage of an earlier one.
    func takeExchange() -> Exchange {
        spareExchanges.popLast() ?? Exchange(resources: self)
    }

    func give(_ exchange: Exchange) {
        exchange.reset()
        if spareExchanges.count < 64 { spareExchanges.append(exchange) }
    }

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

extension UpstreamSettings {
    fileprivate init(_ upstream: UpstreamConfiguration, _ limits: LimitsConfiguration) {
        let server: Server =
            switch upstream.servers[0].address {
            case .ip(let host, let port): .host(host, port: UInt16(port))
            case .unix(let path): .unix(path: path)
            }
        self.init(
            server: server, connectTimeout: Nanoseconds(limits.connectTimeout),
            idleTimeout: Nanoseconds(limits.upstreamIdleTimeout), connectionLimit: limits.upstreamConnections)
    }
}
