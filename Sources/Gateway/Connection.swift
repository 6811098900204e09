import Bytes
import Configuration
import HTTP
import Transport

/// One client's HTTP/1.1 connection: exchange after exchange until one side ends it (RFC 9112 §9).
final class Connection {
    let stream: any ByteStream
    /// Waits for everything that the connection's task waits for: this stream, and the upstream's during an exchange.
    let waiter: Waiter
    /// Bytes received and not yet consumed; without a block while the connection is idle.
    var input = ByteBuffer()
    /// What the listener's configuration says, as of the exchange under way.
    private(set) var listener: ListenerSettings
    /// What it says from the next exchange on, after a reload.
    private var nextListener: ListenerSettings?
    /// Whether a reload has taken the listener away.
    private var isListenerGone = false
    /// The address of the connection's other side as the access log shows it; empty where it does not.
    let remoteIP: [UInt8]
    /// Who speaks on the connection: its other side, or whom a PROXY header names.
    private(set) var origin: ClientOrigin
    let resources: WorkerResources
    /// How often the connection went on without waiting in this turn of the loop.
    private var operations = 0

    init(stream: any ByteStream, remote: SocketAddress, listener: ListenerSettings, resources: WorkerResources) {
        self.stream = stream
        self.listener = listener
        origin = ClientOrigin(
            host: Array(remote.host.utf8), listener: listener,
            disclosure: resources.generation.settings.addressDisclosure)
        remoteIP = origin.logged
        self.resources = resources
        waiter = Waiter(loop: resources.loop)
        stream.waiter = waiter
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
        while await receiveFirstByte(within: idleTimeout) {
            adoptNextListener()
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
        if ending == .close && !(input.isEmpty && stream.isQuiet) { ending = .linger }
        if case .linger = ending { await discardInput() }
        input.release(to: resources.blocks)
        stream.close(abruptly: ending == .reset)
        waiter.retire()
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

    /// Whether no exchange may begin after the one under way.
    var isEnding: Bool { resources.isDraining || isListenerGone }

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
        let host: [UInt8]
        switch header {
        case .unknown: return
        case .address(let address): host = address.text
        case .unixSocket: host = []
        }
        origin = ClientOrigin(host: host, listener: listener, disclosure: settings.addressDisclosure)
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

    /// Reads what has arrived, as far as a block holds it.
    func receive() -> ReadOutcome {
        guard input.reserve(from: resources.blocks) else { return .wouldBlock }
        return stream.read(into: &input)
    }

    /// Waits for a wake-up; every wait of the connection's task goes through here.
    func wait(until deadline: Instant) async -> Waiter.Outcome {
        operations = 0
        return await waiter.wait(until: deadline)
    }

    /// Lets the worker's other tasks run, if this one went on without waiting for long enough (16 operations).
    func letOthersRun() async {
        operations += 1
        guard operations >= 16 else { return }
        operations = 0
        await Task.yield()
    }

    /// Lets what a reload says of the listener count from the next exchange on.
    ///
    /// - Parameter next: nil if the listener is gone: the connection ends after the exchange under way.
    func listenerChanged(to next: ListenerSettings?) {
        nextListener = next
        isListenerGone = next == nil
        if isListenerGone { waiter.wake() }
    }

    @inline(never)
    private func adoptNextListener() {
        guard let next = nextListener else { return }
        nextListener = nil
        listener = next
        origin = ClientOrigin(host: origin.host, listener: next, disclosure: settings.addressDisclosure)
    }

    /// Ends the connection's waits for good; its task then ends by itself.
    func abort() {
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
