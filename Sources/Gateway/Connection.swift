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
    /// The client's address without its port; empty on a Unix-domain socket.
    let remoteHost: [UInt8]
    /// The fields that tell the upstream of the client, the same for every request.
    let forwardingFields: [UInt8]
    /// The address in the configuration of the listener that accepted it.
    let listener: SocketAddressConfiguration
    /// Whether a reload has taken the listener away.
    private var isListenerGone = false
    let resources: WorkerResources
    /// How often the connection went on without waiting in this turn of the loop.
    private var operations = 0

    init(
        stream: any ByteStream, remote: SocketAddress, listener: SocketAddressConfiguration, resources: WorkerResources
    ) {
        self.stream = stream
        self.listener = listener
        let host = Array(remote.host.utf8)
        var fields: [UInt8] = []
        if !host.isEmpty { fields.appendField("X-Forwarded-For", host.span) }
        fields.append("X-Forwarded-Proto: http\r\n")
        remoteHost = host
        forwardingFields = fields
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
        while await receiveFirstByte(within: idleTimeout) {
            let exchange = resources.takeExchange()
            ending = await exchange.run(on: self, isWithinLimit: isWithinLimit, headTimeout: headTimeout)
            exchange.generation.give(exchange)
            guard case .keepOpen = ending else { break }
            if input.isEmpty { input.release(to: resources.blocks) } else { await letOthersRun() }
            idleTimeout = settings.idleTimeout
        }
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

    /// Ends the connection, after the exchange under way: its listener is gone.
    func leave() {
        isListenerGone = true
        waiter.wake()
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
