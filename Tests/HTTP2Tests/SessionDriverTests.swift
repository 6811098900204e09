import Bytes
import HTTP
import HTTP2
import Testing
import Transport

/// Runs `body` with a loop on a thread of its own.
private func withLoop<Result: Sendable>(
    _ body: @Sendable @escaping (EventLoop) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop()
    _ = try #require(Thread(name: "test") { loop.run() })
    defer { loop.stop() }
    return try await Task(executorPreference: loop) { try await body(loop) }.value
}

/// A client and a server on one loop, each with its driver.
private actor DrivenPair {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    let blocks = BlockPool()
    let client: ClientSession
    let server: ServerSession
    let ends = MemoryStream.pair()
    let clientDriver: SessionDriver
    let serverDriver: SessionDriver
    private var served = 0
    private var arrived: [HTTP2Stream] = []

    init(on loop: EventLoop, _ settings: DriverSettings = DriverSettings()) throws {
        self.loop = loop
        client = try ClientSession(limits: SessionLimits(messages: MessageLimits()))
        server = try ServerSession(limits: SessionLimits(messages: MessageLimits()))
        clientDriver = SessionDriver(
            session: client, stream: ends.0, loop: loop, blocks: blocks, settings: DriverSettings())
        serverDriver = SessionDriver(session: server, stream: ends.1, loop: loop, blocks: blocks, settings: settings)
    }

    func runClient() async -> ConnectionEnd { await clientDriver.run {} }

    func runServer() async -> ConnectionEnd {
        await serverDriver.run {
            while let stream = server.nextStream() {
                served += 1
                arrived.append(stream)
                Task(executorPreference: loop) { await self.echoNext() }
            }
        }
    }

    /// Answers with what it is sent.
    private func echoNext() async {
        let stream = arrived.removeFirst()
        let waiter = Waiter(loop: loop)
        stream.waiter = waiter
        stream.respond(200)
        var buffer = ByteBuffer()
        read: while buffer.reserve(from: blocks) {
            switch stream.read(into: &buffer) {
            case .bytes: await write(&buffer, to: stream, waiter)
            case .wouldBlock: _ = await waiter.wait(until: .never)
            case .end: break read
            case .failed: return stream.close(abruptly: true)
            }
        }
        stream.finish()
        stream.close(abruptly: false)
    }

    private func write(_ buffer: inout ByteBuffer, to stream: HTTP2Stream, _ waiter: Waiter) async {
        while !buffer.isEmpty {
            switch stream.write(buffer.span) {
            case .bytes(let count): buffer.consume(count)
            case .wouldBlock: _ = await waiter.wait(until: .never)
            case .failed: return
            }
        }
    }

    /// Sends content and reads as much back.
    func exchange(_ size: Int) async -> Int {
        let (authority, path, none) = (Array("a.test".utf8), Array("/".utf8), [UInt8]())
        let opened = client.open(
            method: .post, scheme: "http", authority: authority.span, path: path.span, lines: none.span,
            isComplete: false)
        guard let stream = opened else { return -1 }
        let waiter = Waiter(loop: loop)
        stream.waiter = waiter
        var (sent, received) = (0, 0)
        let piece = [UInt8](repeating: 7, count: 10_000)
        var buffer = ByteBuffer()
        while true {
            if sent < size, case .bytes(let count) = stream.write(piece.span.extracting(..<min(10_000, size - sent))) {
                sent += count
                if sent == size { stream.finish() }
                continue
            }
            guard buffer.reserve(from: blocks) else { return -1 }
            switch stream.read(into: &buffer) {
            case .bytes(let count):
                received += count
                buffer.consume(count)
            case .wouldBlock: _ = await waiter.wait(until: .never)
            case .end, .failed:
                stream.close(abruptly: false)
                return received
            }
        }
    }

    private func start() -> (client: Task<ConnectionEnd, Never>, server: Task<ConnectionEnd, Never>) {
        (
            Task(executorPreference: loop) { await self.runClient() },
            Task(executorPreference: loop) { await self.runServer() }
        )
    }

    // MARK: What happens

    struct Outcome: Sendable {
        var received: [Int] = []
        var ends: [ConnectionEnd] = []
        var served = 0
        var writes = 0
    }

    /// Exchanges content of each size at once.
    func exchangeAll(_ sizes: [Int]) async -> Outcome {
        let sides = start()
        while !client.isReady { await Task.yield() }
        let exchanges = sizes.map { size in Task(executorPreference: loop) { await self.exchange(size) } }
        var outcome = Outcome()
        for exchange in exchanges { outcome.received.append(await exchange.value) }
        clientDriver.abort()
        outcome.ends = [await sides.client.value, await sides.server.value]
        outcome.served = served
        outcome.writes = ends.0.writes + ends.1.writes
        return outcome
    }

    func doNothing() async -> [ConnectionEnd] {
        let sides = start()
        return [await sides.client.value, await sides.server.value]
    }

    /// Lets the server read what the client began with, and takes little of the answer.
    func sendAndNotRead() async -> ConnectionEnd {
        ends.1.capacity = 10
        _ = ends.0.write(client.collected().span)
        return await runServer()
    }

    /// Lets the server read what a client sends that says nothing more.
    func fallSilent(after bytes: [UInt8]) async -> ConnectionEnd {
        _ = ends.0.write(bytes.span)
        return await runServer()
    }

    func shutDownDuringExchange(_ size: Int) async -> Outcome {
        let sides = start()
        while !client.isReady { await Task.yield() }
        let exchange = Task(executorPreference: loop) { await self.exchange(size) }
        while served == 0 { await Task.yield() }
        serverDriver.shutDown()
        while client.capacity > 0 { await Task.yield() }
        var outcome = Outcome()
        outcome.received = [await self.exchange(1), await exchange.value]
        outcome.ends = [await sides.client.value, await sides.server.value]
        return outcome
    }
}

@Suite("A connection's driver", .timeLimit(.minutes(1)))
struct SessionDriverTests {
    @Test("carries many streams at once, with content larger than every window")
    func manyStreams() async throws {
        let sizes = (0..<20).map { $0 * 50_000 + 1 }
        let outcome = try await withLoop { try await DrivenPair(on: $0).exchangeAll(sizes) }
        #expect(outcome.received == sizes)
        #expect(outcome.ends == [.failed(.reset), .ended])
    }

    @Test("writes what many streams send in few pieces")
    func coalesced() async throws {
        let outcome = try await withLoop {
            try await DrivenPair(on: $0).exchangeAll([Int](repeating: 10, count: 90))
        }
        #expect(outcome.served == 90)
        #expect(outcome.writes < 15)
    }

    @Test("ends an idle connection with a GOAWAY")
    func idle() async throws {
        var settings = DriverSettings()
        settings.idleTimeout = .milliseconds(20)
        let ends = try await withLoop { [settings] in try await DrivenPair(on: $0, settings).doNothing() }
        #expect(ends == [.finished, .idle])
    }

    @Test("does not wait for a preface that does not come")
    func preface() async throws {
        var settings = DriverSettings()
        settings.prefaceTimeout = .milliseconds(20)
        let end = try await withLoop { [settings] in try await DrivenPair(on: $0, settings).runServer() }
        #expect(end == .headTimeout)
    }

    @Test("does not wait for a client that reads nothing")
    func stalled() async throws {
        var settings = DriverSettings()
        settings.stallTimeout = .milliseconds(20)
        let end = try await withLoop { [settings] in try await DrivenPair(on: $0, settings).sendAndNotRead() }
        #expect(end == .stalled)
    }

    @Test("asks a silent side with a stream open whether it is there, and does not wait for ever")
    func silent() async throws {
        var settings = DriverSettings()
        settings.pingInterval = .milliseconds(10)
        settings.pingTimeout = .milliseconds(10)
        let request =
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.bytes(4, stream: 0)
            + Frame.headers(1, endsStream: false)
        let end = try await withLoop { [settings] in
            try await DrivenPair(on: $0, settings).fallSilent(after: request)
        }
        #expect(end == .pingTimeout)
    }

    @Test("lets streams under way end when it shuts down, and no other begin")
    func shutdown() async throws {
        let outcome = try await withLoop { try await DrivenPair(on: $0).shutDownDuringExchange(500_000) }
        #expect(outcome.received == [-1, 500_000])
        #expect(outcome.ends == [.finished, .finished])
    }
}
