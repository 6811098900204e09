import Bytes
import JOSE
import Outbound
import Testing
import Transport

@testable import IdentityProviders

/// An introspection endpoint on a socket of this machine, which says of each token that it is not active.
private actor LoopbackEndpoint {
    private nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private let socket: ListeningSocket
    private let blocks = BlockPool()
    private var listener: Listener?
    private(set) var connections = 0
    private(set) var requests: [String] = []

    init(loop: EventLoop) throws {
        self.loop = loop
        let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        socket = try ListeningSocket(address: any, connectionLimit: 100)
    }

    nonisolated var url: String { "http://127.0.0.1:\(socket.address.port)/introspect?tenant=1" }

    func listen() throws {
        let listener = Listener(
            socket: socket, loop: loop,
            onConnection: { [self, loop] descriptor, _ in
                let number = descriptor.release()
                Task(executorPreference: loop) { await self.serve(number) }
            }, onExhaustion: {})
        try listener.resume()
        self.listener = listener
    }

    func close() {
        listener?.pause()
        socket.close()
    }

    private func serve(_ number: Int32) async {
        connections += 1
        guard let stream = try? TCPStream(accepted: Descriptor(owning: number), loop: loop) else { return }
        let waiter = Waiter(loop: loop)
        stream.waiter = waiter
        var input = ByteBuffer()
        while input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes:
                guard input.span.text.hasSuffix("token_type_hint=access_token") else { continue }
                requests.append(input.span.text)
                input.consume(input.count)
                let head =
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(inactiveAnswer.utf8.count)\r\n"
                _ = stream.write(Array((head + "\r\n" + inactiveAnswer).utf8).span)
            case .wouldBlock: _ = await waiter.wait(until: .never)
            case .end, .failed: return stream.close(abruptly: false)
            }
        }
    }
}

@Suite("issue 7: questions go through the gateway's own client", .timeLimit(.minutes(1)))
struct IntrospectionConnectionTests {
    private static func service(_ loop: EventLoop, report: @escaping @Sendable (IntrospectionEvent) -> Void)
        throws -> IntrospectionService
    {
        IntrospectionService(
            loop: loop, calls: try BlockingCalls(threadCount: 1, capacity: 1), forbidden: [], report: report)
    }

    private static func ask(_ service: IntrospectionService, _ token: String, _ issuer: IntrospectionSettings) async
        -> IntrospectionBench.Answer
    {
        let bytes = Array(token.utf8)
        return .init(await service.ask(bytes, digest: SHA256.hash(bytes.span), of: issuer))
    }

    @Test("One question after the other goes over one connection")
    func connectionReuse() async throws {
        let loop = try EventLoop()
        _ = try #require(Thread(name: "test") { loop.run() })
        defer { loop.stop() }
        let endpoint = try LoopbackEndpoint(loop: loop)
        try await endpoint.listen()
        let service = try Self.service(loop) { _ in Issue.record("a question failed") }
        let issuer = try IntrospectionSettings.sample(endpoint: endpoint.url)
        await service.keep([issuer])
        for token in ["a", "b", "a", "c"] { #expect(await Self.ask(service, token, issuer) == .inactive) }
        #expect(await endpoint.connections == 1)
        let requests = await endpoint.requests
        #expect(requests.count == 3)
        let first = try #require(requests.first)
        #expect(first.hasPrefix("POST /introspect?tenant=1 HTTP/1.1\r\n"))
        #expect(first.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"))
        #expect(first.contains("\r\nAccept: application/json\r\n"))
        #expect(first.contains("\r\nAuthorization: Basic Z2F0ZXdheTpzZWNyZXQ=\r\n"))
        #expect(first.contains("\r\nContent-Length: 36\r\n"))
        #expect(first.hasSuffix("\r\n\r\ntoken=a&token_type_hint=access_token"))
        await endpoint.close()
    }

    @Test("Where nobody listens, the failure is told with its stage")
    func refused() async throws {
        let loop = try EventLoop()
        _ = try #require(Thread(name: "test") { loop.run() })
        defer { loop.stop() }
        let endpoint = try LoopbackEndpoint(loop: loop)
        await endpoint.close()
        let issuer = try IntrospectionSettings.sample(endpoint: endpoint.url)
        await confirmation { confirm in
            guard
                let service = try? Self.service(
                    loop,
                    report: { event in
                        guard case .failed(issuer, let error) = event, error.stage == .connect,
                            error.url == endpoint.url
                        else { return }
                        confirm()
                    })
            else { return }
            await service.keep([issuer])
            #expect(await Self.ask(service, "a", issuer) == .unavailable)
        }
    }
}
