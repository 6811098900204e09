import Bytes
import Configuration
import HTTP
import HTTP2
import TLS
import Transport

/// Whose requests exchanges serve: a connection of HTTP/1.1, or one stream of HTTP/2.
class Client {
    /// What the messages are read from and written to; for HTTP/2, their content.
    var stream: any ByteStream
    /// The stream of HTTP/2; nil for a connection of HTTP/1.1.
    let http2: HTTP2Stream?
    /// Waits for everything that the client's task waits for: this stream, and the upstream's during an exchange.
    let waiter: Waiter
    /// Bytes received and not yet consumed; without a block while nothing is under way.
    var input = ByteBuffer()
    /// What the listener's configuration says, as of the exchange under way.
    var listener: ListenerSettings
    /// The address of the connection's other side as the access log shows it; empty where it does not.
    let remoteIP: [UInt8]
    /// Who speaks on the connection: its other side, or whom a PROXY header names.
    var origin: ClientOrigin
    let resources: WorkerResources
    /// The TLS of the connection; nil in cleartext.
    var security: ClientSecurity?
    /// How often the client went on without waiting in this turn of the loop.
    private var operations = 0

    init(
        stream: any ByteStream, http2: HTTP2Stream?, origin: ClientOrigin, remoteIP: [UInt8],
        listener: ListenerSettings, resources: WorkerResources, waiter: Waiter
    ) {
        self.stream = stream
        self.http2 = http2
        self.origin = origin
        self.remoteIP = remoteIP
        self.listener = listener
        self.resources = resources
        self.waiter = waiter
        stream.waiter = waiter
    }

    /// Whether a request for `host`, in lower case and without a port, may come over this connection (security.md, rule 19).
    final func isFor(_ host: Span<UInt8>) -> Bool {
        guard let security else { return true }
        return security.context.serves(host, on: security.stream)
    }

    /// Whether no exchange may begin after the one under way.
    var isEnding: Bool { resources.isDraining }

    /// Lets what the last reload said of the listener count from here on.
    func adoptNextListener() {}

    /// Reads what has arrived, as far as a block holds it.
    final func receive() -> ReadOutcome {
        guard input.reserve(from: resources.blocks) else { return .wouldBlock }
        return stream.read(into: &input)
    }

    /// Waits for a wake-up; every wait of the client's task goes through here.
    final func wait(until deadline: Instant) async -> Waiter.Outcome {
        operations = 0
        return await waiter.wait(until: deadline)
    }

    /// Lets the worker's other tasks run, if this one went on without waiting for long enough (16 operations).
    final func letOthersRun() async {
        operations += 1
        guard operations >= 16 else { return }
        operations = 0
        await Task.yield()
    }
}

/// The TLS that a client's connection is in.
struct ClientSecurity {
    let stream: TLSStream
    /// What the handshake was done with, whatever a reload has brought since.
    let context: ServerTLSContext
}
