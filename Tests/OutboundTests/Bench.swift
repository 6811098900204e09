import Bytes
import HTTP
import TLS
import Testing
import Transport

@testable import Outbound

/// What a server does when a request has arrived.
struct Reply: Sendable {
    enum End: Sendable {
        case nothing, close, secure
    }

    /// Written one after the other, with turns of the loop between them.
    var pieces: [String] = []
    var end = End.nothing

    /// A response with content of known length.
    static func response(_ status: Int = 200, _ lines: String = "", content: String = "") -> Reply {
        Reply(pieces: ["HTTP/1.1 \(status) Any\r\n\(lines)Content-Length: \(content.utf8.count)\r\n\r\n\(content)"])
    }

    static let silence = Reply()
    static let close = Reply(end: .close)
}

/// A client and the server that it asks, on one loop.
actor Bench {
    /// Receives the numbers of the connection and of the request, and the request.
    typealias Script = @Sendable (Int, Int, String) -> Reply

    private nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    nonisolated let address: SocketAddress
    private let client: OutboundClient
    private let script: Script
    private let tls: ServerTLSContext?
    private let isTLSFirst: Bool
    private let socket: ListeningSocket
    private var listener: Listener?
    private var isStopped = false
    /// What the server was asked.
    private(set) var requests: [String] = []
    private(set) var connectionCount = 0

    private static let calls = try? BlockingCalls(threadCount: 4, capacity: 100)

    /// - Parameters:
    ///   - loop: where both run.
    ///   - isSecure: whether the server begins with TLS.
    ///   - wantsCertificate: whether clients must show a certificate.
    ///   - isForbidden: whether the client must not connect to the server.
    ///   - calls: threads for look-ups; nil for those of all tests.
    ///   - change: changes the settings of the client, knowing the server's port.
    ///   - script: what the server does.
    /// - Throws: if there is no socket, or the certificates cannot be read.
    init(
        loop: EventLoop, isSecure: Bool = false, wantsCertificate: Bool = false, isForbidden: Bool = false,
        calls: BlockingCalls? = nil,
        change: @Sendable (inout OutboundSettings, UInt16) throws -> Void = { _, _ in }, script: @escaping Script
    ) throws {
        self.loop = loop
        self.script = script
        let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        socket = try ListeningSocket(address: any, connectionLimit: 100)
        address = socket.address
        isTLSFirst = isSecure
        let certificate = ServerTLSSettings.Certificate(
            chain: try Self.file("server.pem"), key: try Self.file("server.key"))
        var serverSettings = ServerTLSSettings(certificates: [certificate])
        if wantsCertificate {
            serverSettings.clientCertificate = .required
            serverSettings.clientAuthorities = try Self.file("authority.pem")
        }
        tls = try ServerTLSContext(serverSettings, tickets: TicketKeys())
        var settings = OutboundSettings()
        settings.tls.authorities = try Self.file("authority.pem")
        settings.tls.serverName = "api.example.com"
        try change(&settings, address.port)
        client = OutboundClient(
            settings, loop: loop, calls: try #require(calls ?? Self.calls), forbidden: isForbidden ? [address] : [])
    }

    static func file(_ name: String) throws -> [UInt8] {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return try FileContents.read("/\(folder)/ConfigurationTests/Certificates/\(name)", limit: 100_000)
    }

    nonisolated func url(_ path: String = "/", scheme: String = "http", host: String = "127.0.0.1") throws -> ServiceURL
    {
        try ServiceURL("\(scheme)://\(host):\(address.port)\(path)")
    }

    // MARK: The client

    func send(
        _ request: OutboundRequest, maximumSize: Int = 1000, within time: Nanoseconds = .seconds(20)
    ) async -> Result<OutboundResponse, OutboundError> {
        listen()
        do throws(OutboundError) {
            return .success(try await client.send(request, maximumSize: maximumSize, until: .now + time))
        } catch {
            return .failure(error)
        }
    }

    /// Sends GET for a path, and waits until the server has seen what the client did then.
    func get(_ path: String = "/", scheme: String = "http", maximumSize: Int = 1000) async throws
        -> Result<OutboundResponse, OutboundError>
    {
        let answer = await send(OutboundRequest(.get, try url(path, scheme: scheme)), maximumSize: maximumSize)
        await turn()
        return answer
    }

    func sweep() { client.sweep() }

    func retire() { client.retire() }

    // MARK: The server

    private func listen() {
        guard listener == nil, !isStopped else { return }
        let new = Listener(
            socket: socket, loop: loop,
            onConnection: { [self, loop] descriptor, _ in
                let number = descriptor.release()
                Task(executorPreference: loop) { await self.serve(number) }
            }, onExhaustion: {})
        try? new.resume()
        listener = new
    }

    func stop() {
        isStopped = true
        listener?.pause()
        socket.close()
    }

    /// Lets events arrive.
    private func turn() async {
        for _ in 0..<6 { await Task.yield() }
    }

    private func serve(_ descriptor: Int32) async {
        let number = connectionCount
        connectionCount += 1
        guard let socket = try? TCPStream(accepted: Descriptor(owning: descriptor), loop: loop) else { return }
        let waiter = Waiter(loop: loop)
        socket.waiter = waiter
        var stream: any ByteStream = socket
        if isTLSFirst {
            guard let secured = await secure(socket) else { return }
            stream = secured
        }
        while let request = await receive(stream, waiter) {
            requests.append(request)
            let reply = script(number, requests.count - 1, request)
            for (index, piece) in reply.pieces.enumerated() {
                if index > 0 { await turn() }
                await write(Array(piece.utf8), to: stream, waiter)
            }
            switch reply.end {
            case .nothing: break
            case .close: return stream.close(abruptly: false)
            case .secure:
                guard let secured = await secure(socket) else { return }
                stream = secured
            }
        }
        stream.close(abruptly: false)
    }

    private func secure(_ socket: TCPStream) async -> TLSStream? {
        guard let waiter = socket.waiter, let stream = try? tls?.accept(socket, received: []) else { return nil }
        stream.waiter = waiter
        do throws(TLSError) {
            try await stream.handshake(until: .now + .seconds(20))
            return stream
        } catch {
            stream.close(abruptly: false)
            return nil
        }
    }

    private func receive(_ stream: any ByteStream, _ waiter: Waiter) async -> String? {
        let blocks = BlockPool()
        var input = ByteBuffer()
        while input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes:
                let text = input.span.text
                guard let head = text.firstRange(of: "\r\n\r\n") else { continue }
                let length = text.firstRange(of: "Content-Length: ").flatMap { name in
                    Int(text[name.upperBound...].prefix { $0.isNumber })
                }
                if text[head.upperBound...].utf8.count >= length ?? 0 { return text }
            case .end, .failed: return nil
            case .wouldBlock:
                if await waiter.wait(until: .now + .seconds(20)) == .expired { return nil }
            }
        }
        return nil
    }

    private func write(_ bytes: [UInt8], to stream: any ByteStream, _ waiter: Waiter) async {
        var sent = 0
        while sent < bytes.count {
            switch stream.write(bytes.span.extracting(sent..<bytes.count)) {
            case .bytes(let count): sent += count
            case .failed: return
            case .wouldBlock: if await waiter.wait(until: .now + .seconds(20)) == .expired { return }
            }
        }
    }
}

/// Runs `body` with a loop on a thread of its own.
func onLoop<Result: Sendable>(_ body: @Sendable @escaping (EventLoop) async throws -> Result) async throws -> Result {
    let loop = try EventLoop()
    _ = try #require(Thread(name: "test") { loop.run() })
    // To wait for the thread would hold one of the few that tests run on.
    defer { loop.stop() }
    return try await Task(executorPreference: loop) { try await body(loop) }.value
}

extension Result where Success == OutboundResponse, Failure == OutboundError {
    var text: String? { (try? get()).map { String(decoding: $0.content, as: UTF8.self) } }
    var status: Int? { (try? get())?.status }
    var failure: OutboundError? { if case .failure(let error) = self { error } else { nil } }

    func failed(_ stage: OutboundError.Stage, _ words: String) -> Bool {
        failure?.stage == stage && failure?.detail.contains(words) == true
    }
}
