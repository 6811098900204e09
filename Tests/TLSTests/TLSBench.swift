import Bytes
import COpenSSL
import Glibc
import Testing
import Transport

@testable import TLS

/// Runs `body` with a loop on a thread of its own.
func onLoop<Result: Sendable>(_ body: @Sendable @escaping (TLSBench) async throws -> Result) async throws -> Result {
    let loop = try EventLoop()
    _ = try #require(Thread(name: "test") { loop.run() })
    // To wait for the thread would hold one of the few that tests run on.
    defer { loop.stop() }
    return try await Task(executorPreference: loop) { try await body(TLSBench(loop: loop)) }.value
}

/// Both sides of TLS connections, on one loop.
actor TLSBench {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private var servers: [ServerTLSContext] = []
    private var clients: [ClientTLSContext] = []
    private var blocks = BlockPool()
    /// Every stream that was made; tasks name them by their place.
    private var streams: [TLSStream] = []
    private var pairs: [Pair] = []

    /// A connection.
    final class Pair {
        let server: TLSStream
        let client: TLSStream
        /// The sockets below.
        let serverSocket: TCPStream
        let clientSocket: TCPStream
        let context: ServerTLSContext

        init(server: TLSStream, client: TLSStream, sockets: (TCPStream, TCPStream), context: ServerTLSContext) {
            self.server = server
            self.client = client
            serverSocket = sockets.0
            clientSocket = sockets.1
            self.context = context
        }
    }

    /// What became of a handshake.
    struct Outcome: Sendable {
        var server: TLSError?
        var client: TLSError?
        var version = ""
        var applicationProtocol: ApplicationProtocol?
        /// As the client sees it.
        var isResumed = false
        var clientCertificate: [UInt8]?
        /// The common name of the certificate that the server showed.
        var serverName = ""

        var isGood: Bool { server == nil && client == nil }
    }

    init(loop: EventLoop) {
        self.loop = loop
    }

    func addServer(_ settings: ServerTLSSettings, tickets: TicketKeys = TicketKeys()) throws -> Int {
        servers.append(try ServerTLSContext(settings, tickets: tickets))
        return servers.count - 1
    }

    func addClient(_ settings: ClientTLSSettings, clock: (@Sendable () -> Int64)? = nil) throws -> Int {
        let client = try ClientTLSContext(settings)
        if let clock { client.clock = clock }
        clients.append(client)
        return clients.count - 1
    }

    /// Two connected sockets.
    func sockets() throws -> (TCPStream, TCPStream) {
        var numbers: [Int32] = [0, 0]
        // SAFETY: the call writes two numbers.
        let code = unsafe socketpair(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &numbers)
        try #require(code == 0)
        return (
            try TCPStream(accepted: Descriptor(owning: numbers[0]), loop: loop),
            try TCPStream(accepted: Descriptor(owning: numbers[1]), loop: loop)
        )
    }

    /// Connects, does both handshakes, and sends a byte each way, after which session tickets have arrived, too.
    ///
    /// - Parameters:
    ///   - server: which server.
    ///   - client: which client.
    ///   - received: how many of the client's first bytes the server has read before it begins TLS.
    ///   - name: what the client asks for instead of its own name.
    ///   - version: what the client speaks at most.
    ///   - setUp: changes the client's side before its handshake.
    /// - Returns: what became of it.
    /// - Throws: if there is no socket, or what was sent does not arrive.
    func connect(
        server: Int, client: Int, received: Int = 0, name: String? = nil, version: TLSVersion = .tls13,
        setUp: (@Sendable (TLSStream) -> Void)? = nil
    ) async throws -> Outcome {
        let sockets = try sockets()
        let client = try clients[client].connect(sockets.1)
        setUp?(client)
        if let name { client.ask(for: UpstreamName(name)) }
        if version == .tls12 {
            // SAFETY: the handle is alive during the call.
            unsafe client.withHandle { unsafe SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil) }
        }
        client.waiter = Waiter(loop: loop)
        let clientPlace = streams.count
        streams.append(client)
        async let clientDone = finish(clientPlace)
        var first: [UInt8] = []
        if received > 0 {
            await Task.yield()
            first = readSome(sockets.0, received)
            #expect(first.count == received)
        }
        let accepted = try servers[server].accept(sockets.0, received: first)
        accepted.waiter = Waiter(loop: loop)
        let pair = Pair(server: accepted, client: client, sockets: sockets, context: servers[server])
        pairs.append(pair)
        let acceptedPlace = streams.count
        streams.append(accepted)
        async let serverDone = finish(acceptedPlace)
        var outcome = Outcome()
        (outcome.server, outcome.client) = (await serverDone, await clientDone)
        // With TLS 1.3 a client is done before the server has looked at its certificate.
        if outcome.client == nil, outcome.server != nil { outcome.client = await refusal(at: client) }
        guard outcome.isGood else {
            pair.server.close(abruptly: false)
            pair.client.close(abruptly: false)
            return outcome
        }
        _ = try await pass([1], from: pair.server, to: pair.client)
        _ = try await pass([2], from: pair.client, to: pair.server)
        outcome.version = client.version.text
        outcome.applicationProtocol = accepted.applicationProtocol
        #expect(client.applicationProtocol == accepted.applicationProtocol && client.version == accepted.version)
        outcome.isResumed = client.isResumed
        #expect(client.isResumed == accepted.isResumed)
        outcome.clientCertificate = accepted.clientCertificate
        // SAFETY: the handle is alive during the call.
        outcome.serverName = unsafe client.withHandle { unsafe commonName(shownTo: $0) } ?? ""
        return outcome
    }

    private func finish(_ index: Int) async -> TLSError? {
        let stream = streams[index]
        do throws(TLSError) {
            try await stream.handshake(until: .now + .seconds(20))
            return nil
        } catch {
            // What is left of an alert goes out.
            if error != .timedOut { stream.close(abruptly: false) }
            return error
        }
    }

    /// What a client that believes itself connected meets instead of content.
    private func refusal(at client: TLSStream) async -> TLSError? {
        var buffer = ByteBuffer()
        _ = buffer.reserve(from: blocks)
        for _ in 0..<100 {
            switch client.read(into: &buffer) {
            case .wouldBlock: _ = await client.waiter?.wait(until: .now + .seconds(5))
            case .bytes: return nil
            case .end: return .ended
            case .failed(let error): return .connection(error)
            }
        }
        return nil
    }

    private func readSome(_ stream: TCPStream, _ count: Int) -> [UInt8] {
        let storage = [UInt8](repeating: 0, count: count)
        var copy = storage
        var span = copy.mutableSpan
        guard case .bytes(let received) = stream.read(into: &span) else { return [] }
        return Array(copy.prefix(received))
    }

    /// Sends `bytes` through a connection, behind a count of bytes that were sent before.
    ///
    /// - Returns: what arrived.
    func pass(_ bytes: [UInt8], behind earlier: Int = 0, from source: TLSStream, to sink: TLSStream) async throws
        -> [UInt8]
    {
        var arrived: [UInt8] = []
        var sent = 0
        var buffer = ByteBuffer()
        let deadline = Instant.now + .seconds(20)
        while arrived.count < earlier + bytes.count {
            if sent < bytes.count {
                switch source.write(bytes.span.extracting(sent..<bytes.count)) {
                case .bytes(let count): sent += count
                case .wouldBlock: break
                case .failed(let error): throw error
                }
            }
            _ = buffer.reserve(from: blocks)
            switch sink.read(into: &buffer) {
            case .bytes:
                arrived.append(buffer.span)
                buffer.consume(buffer.count)
                continue
            case .wouldBlock: break
            case .end: return arrived
            case .failed(let error): throw error
            }
            let waiter = sent < bytes.count ? source.waiter : sink.waiter
            _ = await waiter?.wait(until: min(deadline, .now + .milliseconds(10)))
            try #require(Instant.now < deadline)
        }
        return arrived
    }

    /// Reads once from a stream, when there is anything to read.
    func readOnce(_ stream: TLSStream) async -> ReadOutcome {
        var buffer = ByteBuffer()
        _ = buffer.reserve(from: blocks)
        for _ in 0..<100 {
            let outcome = stream.read(into: &buffer)
            guard case .wouldBlock = outcome else { return outcome }
            _ = await stream.waiter?.wait(until: .now + .seconds(5))
        }
        return .wouldBlock
    }

    /// What a client says first.
    func firstFlight(of client: Int) async throws -> [UInt8] {
        let sockets = try sockets()
        let stream = try clients[client].connect(sockets.1)
        try await advance(stream)
        defer { stream.close(abruptly: false) }
        return readSome(sockets.0, 10_000)
    }

    /// A server's answer to a client's first flight, of which it has looked at the first `cut` bytes before the rest comes.
    ///
    /// - Returns: the answer, and whether it is that of the site for `name`.
    func answer(of server: Int, to flight: [UInt8], cut: Int, name: [UInt8]) async throws -> ([UInt8], isOfSite: Bool) {
        let sockets = try sockets()
        let stream = try servers[server].accept(sockets.0, received: [])
        defer { stream.close(abruptly: false) }
        for piece in [0..<cut, cut..<flight.count] {
            guard case .bytes(piece.count) = sockets.1.write(flight.span.extracting(piece)) else { return ([], false) }
            sockets.0.lookAgain()
            try await advance(stream)
        }
        sockets.1.lookAgain()
        return (readSome(sockets.1, 10_000), stream.isIn(servers[server].site(for: name.span).context))
    }

    /// Does as much of a handshake as can be done with what has arrived.
    private func advance(_ stream: TLSStream) async throws(TLSError) {
        stream.waiter = Waiter(loop: loop)
        do throws(TLSError) {
            try await stream.handshake(until: .now)
        } catch .timedOut {
            return
        }
    }

    /// A handshake that nobody answers.
    func handshakeAlone(server: Int, until deadline: Instant) async throws -> TLSError? {
        let sockets = try sockets()
        let stream = try servers[server].accept(sockets.0, received: [])
        stream.waiter = Waiter(loop: loop)
        do throws(TLSError) {
            try await stream.handshake(until: deadline)
            return nil
        } catch {
            stream.close(abruptly: false)
            return error
        }
    }

    /// Lets `body` look at the newest connection.
    func withPair<Result: Sendable>(_ body: @Sendable (isolated TLSBench, Pair) async throws -> Result) async throws
        -> Result
    {
        try await body(self, try #require(pairs.last))
    }
}

/// The common name of the certificate that the server showed to the client with `handle`.
private func commonName(shownTo handle: OpaquePointer) -> String {
    // SAFETY: the certificate is freed after its name was copied into the buffer, whose size is given.
    let certificate = unsafe SSL_get1_peer_certificate(handle)
    defer { unsafe X509_free(certificate) }
    var name = [CChar](repeating: 0, count: 100)
    guard unsafe X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &name, 100) >= 0
    else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
