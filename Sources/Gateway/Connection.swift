import Bytes
import Configuration
import HTTP
import HTTP2
import TLS
import Transport

/// One client's connection: its TLS, and then exchange after exchange of HTTP/1.1 until one side ends it (RFC 9112 §9), or
/// HTTP/2, whose streams are exchanges.
final class Connection: Client {
    /// What a reload says of the listener from the next exchange on.
    private var nextListener: ListenerSettings?
    /// Whether a reload has taken the listener away.
    private var isListenerGone = false
    /// The address of the proxy whose PROXY header named the origin; nil without one.
    private var proxy: [UInt8]?
    /// Whether the handshake of TLS is under way: nobody waits for its end when the process does.
    var isInHandshake = false
    /// The connection below TLS.
    let socket: TCPStream
    /// The HTTP/2 that is spoken; nil for HTTP/1.1.
    private var streams: ClientStreams?

    init(socket: TCPStream, remote: SocketAddress, listener: ListenerSettings, resources: WorkerResources) {
        self.socket = socket
        let origin = ClientOrigin(
            host: Array(remote.host.utf8), listener: listener,
            disclosure: resources.generation.settings.addressDisclosure)
        super.init(
            stream: socket, http2: nil, origin: origin, remoteIP: origin.logged, listener: listener,
            resources: resources, waiter: Waiter(loop: resources.loop))
    }

    /// How long a connection beyond the limit is held for a request to answer: the limit is on what idles, too.
    private static let patienceBeyondLimit = Nanoseconds.seconds(1)

    /// Serves exchanges until the connection ends, and closes it.
    ///
    /// - Parameter isWithinLimit: false answers the first request with 503, whatever it asks for.
    func serve(isWithinLimit: Bool) async {
        var ending = Ending.close
        let headTimeout = isWithinLimit ? settings.headTimeout : min(settings.headTimeout, Self.patienceBeyondLimit)
        var idleTimeout = headTimeout
        if listener.readsProxyProtocol, origin.isTrusted {
            if let ending = await receiveProxyHeader(within: headTimeout) { return await end(ending) }
        }
        if let context = listener.tls {
            let timeout = isWithinLimit ? settings.handshakeTimeout : min(settings.handshakeTimeout, headTimeout)
            if let ending = await secure(with: context, within: timeout) { return await end(ending) }
        }
        if await beginsHTTP2(within: headTimeout) {
            return await serveHTTP2(isWithinLimit: isWithinLimit, headTimeout: headTimeout)
        }
        while await receiveFirstByte(within: idleTimeout) {
            let exchange = resources.takeExchange()
            ending = await exchange.run(on: self, isWithinLimit: isWithinLimit, headTimeout: headTimeout)
            exchange.generation.give(exchange)
            guard isWithinLimit, case .keepOpen = ending else { break }
            if input.isEmpty { input.release(to: resources.blocks) } else { await letOthersRun() }
            idleTimeout = settings.idleTimeout
        }
        await end(ending)
    }

    /// Closes the connection.
    private func end(_ wanted: Ending) async {
        var ending = wanted
        // Closing with bytes unread resets the connection, and the client may lose the end of the response.
        if ending == .close && stream.remoteState != .gone && !(input.isEmpty && stream.isQuiet) { ending = .linger }
        if case .linger = ending { await discardInput() }
        input.release(to: resources.blocks)
        stream.close(abruptly: ending == .reset)
        waiter.retire()
    }

    /// Serves HTTP/2 until the connection ends, and closes it.
    private func serveHTTP2(isWithinLimit: Bool, headTimeout: Nanoseconds) async {
        let streams = try? ClientStreams(of: self, isWithinLimit: isWithinLimit, headTimeout: headTimeout)
        self.streams = streams
        if isEnding { streams?.shutDown() }
        await streams?.run()
        self.streams = nil
        await end(.close)
    }

    /// Puts the connection into TLS; what has arrived belongs to it.
    func beginTLS(with context: ServerTLSContext) throws(TLSError) -> TLSStream {
        let received = (0..<input.count).map { input.span[$0] }
        let secured = try context.accept(socket, received: received)
        input.release(to: resources.blocks)
        secured.waiter = waiter
        stream = secured
        security = ClientSecurity(stream: secured, context: context)
        return secured
    }

    /// Lets the exchanges under way be the last: the process is about to end.
    func beginDraining() {
        streams?.shutDown()
        if isInHandshake { socket.close(abruptly: false) }
        waiter.wake()
    }

    /// Lets the exchanges under way look at what has changed.
    func wakeExchanges() {
        streams?.wakeExchanges()
        waiter.wake()
    }

    /// What becomes of the connection after an exchange.
    enum Ending {
        /// The next request may follow.
        case keepOpen
        case close
        /// The client may still be sending: it must see the answer before the end (RFC 9112 §9.6).
        case linger
        /// A response was cut off in a way that only a reset tells.
        case reset
    }

    override var isEnding: Bool { resources.isDraining || isListenerGone }

    private var settings: GatewaySettings { resources.generation.settings }

    /// Reads the PROXY header that a trusted proxy sends first. From then on it counts as the connection's origin.
    ///
    /// - Returns: nil, or how the connection ends instead.
    private func receiveProxyHeader(within timeout: Nanoseconds) async -> Ending? {
        let deadline = resources.loop.now + timeout
        // A proxy that looks whether anybody listens sends nothing.
        guard await receiveFirstByte(within: timeout) else { return .close }
        do throws(ParseError) {
            while true {
                if let (header, length) = try input.parseProxyHeader() {
                    input.consume(length)
                    adopt(header)
                    return nil
                }
                switch receive() {
                case .bytes: break
                case .end, .failed: throw .invalidProxyHeader
                case .wouldBlock:
                    if await wait(until: deadline) == .expired { throw .invalidProxyHeader }
                }
            }
        } catch {
            resources.warnOfProxyHeader(from: remoteIP)
            let exchange = resources.takeExchange()
            await exchange.reject(error, on: self)
            defer { exchange.generation.give(exchange) }
            return exchange.ending
        }
    }

    private func adopt(_ header: ProxyHeader) {
        var named: [UInt8]?
        switch header {
        case .local: return
        case .unknown: break
        case .address(let address): named = address.text
        case .unixSocket: named = []
        }
        proxy = origin.host
        // Who came to the proxy over a socket that we know nothing of is no proxy of ours.
        let isAddress = if case .address = header { true } else { false }
        origin = ClientOrigin(
            host: named ?? origin.host, mayBeTrusted: isAddress, listener: listener,
            disclosure: settings.addressDisclosure)
    }

    /// Waits for the next request to begin.
    ///
    /// - Returns: false if the connection ends instead: nothing has to be answered or logged.
    private func receiveFirstByte(within timeout: Nanoseconds) async -> Bool {
        let deadline = resources.loop.now + timeout
        while input.isEmpty {
            switch receive() {
            case .bytes: break
            case .end, .failed: return false
            case .wouldBlock:
                input.release(to: resources.blocks)
                if isEnding { return false }
                if await wait(until: deadline) == .expired { return false }
            }
        }
        return true
    }

    /// Lets what a reload says of the listener count from the next exchange on.
    ///
    /// - Parameter next: nil if the listener is gone: the connection ends after the exchange under way.
    func listenerChanged(to next: ListenerSettings?) {
        nextListener = next
        isListenerGone = next == nil
        if isListenerGone { beginDraining() }
    }

    @inline(never)
    override func adoptNextListener() {
        guard let next = nextListener else { return }
        nextListener = nil
        listener = next
        var host = origin.host
        var mayBeTrusted = true
        if let proxy {
            // The header counts as long as its sender does.
            if next.readsProxyProtocol, next.trusts(host: proxy) {
                mayBeTrusted = origin.isTrusted
            } else {
                host = proxy
                self.proxy = nil
            }
        }
        origin = ClientOrigin(
            host: host, mayBeTrusted: mayBeTrusted, listener: next, disclosure: settings.addressDisclosure)
    }

    /// Ends the connection's waits for good; its task then ends by itself.
    func abort() {
        if let streams { return streams.abort() }
        stream.close(abruptly: true)
        waiter.wake()
    }

    /// Reads and discards what the client is still sending, after half-closing, up to 256 KiB or a second: otherwise the
    /// client could see a reset instead of the answer.
    private func discardInput() async {
        stream.shutdownWriting()
        let deadline = resources.loop.now + .seconds(1)
        var allowance = 256 * 1024
        while allowance > 0 {
            input.consume(input.count)
            switch receive() {
            case .bytes(let count):
                allowance -= count
                await letOthersRun()
            case .end, .failed: return
            case .wouldBlock:
                if await wait(until: deadline) == .expired { return }
            }
        }
    }
}
