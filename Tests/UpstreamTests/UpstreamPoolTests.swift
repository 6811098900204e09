import Bytes
import Testing
import Transport
import Upstream

/// A pool and the server that its connections lead to, on one loop.
private actor Bench {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private let pool: UpstreamPool
    private let waiter: Waiter
    private let listener: Listener
    private let server = Server()

    private final class Server {
        var connections: [TCPStream] = []
    }

    init(loop: EventLoop, idleTimeout: Nanoseconds = .seconds(60), limit: Int = 10) throws {
        self.loop = loop
        let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        let socket = try ListeningSocket(address: any, connectionLimit: 100)
        waiter = Waiter(loop: loop)
        listener = Listener(
            socket: socket, loop: loop,
            onConnection: { [server] descriptor, _ in
                if let stream = try? TCPStream(accepted: descriptor, loop: loop) { server.connections.append(stream) }
            }, onExhaustion: {})
        pool = UpstreamPool(
            settings: UpstreamSettings(
                server: .host("127.0.0.1", port: socket.address.port), connectTimeout: .seconds(5),
                idleTimeout: idleTimeout, connectionLimit: limit), loop: loop, blocks: BlockPool(), startTask: { _ in })
    }

    /// What happened to a connection between two exchanges.
    enum Event: Sendable, CaseIterable {
        case nothing, closedByServer, unaskedBytes, sweep, otherAddress, sameAddress, retirement, retirementBefore
    }

    /// Releases a connection, lets `event` happen, and asks for a connection again.
    ///
    /// - Returns: whether the same one came back.
    func comesBack(after event: Event) async throws -> Bool {
        try listener.resume()
        let first = try await pool.acquire(waiter: waiter, mayReuse: true)
        #expect(!first.isReused)
        while server.connections.isEmpty { await Task.yield() }
        if event == .retirementBefore { pool.retire() }
        pool.release(first)
        switch event {
        case .nothing, .retirementBefore: break
        case .closedByServer: server.connections[0].close(abruptly: false)
        case .unaskedBytes: _ = server.connections[0].write(Array("HTTP/1.1 200 OK\r\n\r\n".utf8).span)
        case .sweep: pool.sweep()
        case .otherAddress:
            let other = try #require(SocketAddress(numericHost: "127.0.0.2", port: 1))
            pool.update(.success([other]))
            pool.sweep()
            let port = try #require(Int(first.address.split(separator: ":")[1]))
            pool.update(.success([try #require(SocketAddress(numericHost: "127.0.0.1", port: UInt16(port)))]))
        case .sameAddress:
            let other = try #require(SocketAddress(numericHost: "127.0.0.2", port: 1))
            let port = try #require(Int(first.address.split(separator: ":")[1]))
            pool.update(
                .success([other, try #require(SocketAddress(numericHost: "127.0.0.1", port: UInt16(port)))]))
            pool.sweep()
        case .retirement: pool.retire()
        }
        // The kernel has told the loop by its next turn.
        for _ in 0..<3 { await Task.yield() }
        let second = try await pool.acquire(waiter: waiter, mayReuse: true)
        #expect(second.isReused == (second === first))
        pool.close(second)
        listener.pause()
        return second === first
    }

    /// Takes connections until there are no more.
    ///
    /// - Returns: how many there were, and how many there are again when one was closed.
    func limit() async throws -> [Int] {
        try listener.resume()
        var taken: [UpstreamConnection] = []
        var counts: [Int] = []
        for _ in 0..<2 {
            do throws(UpstreamError) {
                while taken.count < 100 { taken.append(try await pool.acquire(waiter: waiter, mayReuse: true)) }
            } catch {
                guard case .busy = error else { return [] }
            }
            counts.append(taken.count)
            pool.close(taken.removeLast())
            pool.release(taken.removeLast())
        }
        for connection in taken { pool.close(connection) }
        listener.pause()
        return counts
    }

    /// What `mayReuse` false gives while a connection is idle.
    func asksForNew() async throws -> Bool {
        try listener.resume()
        let first = try await pool.acquire(waiter: waiter, mayReuse: true)
        pool.release(first)
        let second = try await pool.acquire(waiter: waiter, mayReuse: false)
        pool.close(second)
        listener.pause()
        return second !== first && !second.isReused
    }
}

private func onLoop<Result: Sendable>(_ body: @Sendable @escaping (EventLoop) async throws -> Result) async throws
    -> Result
{
    let loop = try EventLoop()
    _ = try #require(Thread(name: "test") { loop.run() })
    // To wait for the thread would hold one of the few that tests run on.
    defer { loop.stop() }
    return try await Task(executorPreference: loop) { try await body(loop) }.value
}

@Suite("issue 2: a pool of upstream connections per worker", .timeLimit(.minutes(1)))
struct UpstreamPoolTests {
    @Test("an idle connection is used again, unless anything happened to it", arguments: Bench.Event.allCases)
    fileprivate func reuse(after event: Bench.Event) async throws {
        let comesBack = try await onLoop { try await Bench(loop: $0).comesBack(after: event) }
        #expect(comesBack == [.nothing, .sweep, .sameAddress].contains(event))
    }

    @Test("a connection that was idle for too long is not used again")
    func idleTimeout() async throws {
        let comesBack = try await onLoop {
            try await Bench(loop: $0, idleTimeout: .seconds(0)).comesBack(after: .nothing)
        }
        #expect(!comesBack)
    }

    @Test("beyond the limit there is no connection, until one is closed")
    func limit() async throws {
        #expect(try await onLoop { try await Bench(loop: $0, limit: 3).limit() } == [3, 3])
    }

    @Test("a new connection is made where one is asked for")
    func mayReuse() async throws {
        #expect(try await onLoop { try await Bench(loop: $0).asksForNew() })
    }

    @Test("where nobody listens, the server is unreachable")
    func refused() async throws {
        let isUnreachable = try await onLoop { loop in
            let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
            let socket = try ListeningSocket(address: any, connectionLimit: 1)
            socket.close()
            let pool = UpstreamPool(
                settings: UpstreamSettings(
                    server: .host("127.0.0.1", port: socket.address.port), connectTimeout: .seconds(5),
                    idleTimeout: .seconds(1), connectionLimit: 1), loop: loop, blocks: BlockPool(), startTask: { _ in })
            for _ in 0..<2 {
                do throws(UpstreamError) {
                    _ = try await pool.acquire(waiter: Waiter(loop: loop), mayReuse: true)
                    return false
                } catch {
                    guard case .unreachable(.refused) = error else { return false }
                }
            }
            return true
        }
        #expect(isUnreachable, "also the second time: a failed attempt does not count against the limit")
    }

    @Test("a name that was not resolved has no address")
    func unresolved() async throws {
        let loop = try EventLoop()
        let pool = UpstreamPool(
            settings: UpstreamSettings(
                server: .host("name.test", port: 80), connectTimeout: .seconds(1), idleTimeout: .seconds(1),
                connectionLimit: 1), loop: loop, blocks: BlockPool(), startTask: { _ in })
        #expect(!pool.hasAddress)
        #expect(pool.nameToResolve?.host == "name.test")
        pool.update(.failure(ResolverError(description: "no such name")))
        #expect(!pool.hasAddress)
        pool.update(.success([try #require(SocketAddress(numericHost: "127.0.0.1", port: 80))]))
        pool.update(.failure(ResolverError(description: "no such name")))
        #expect(pool.hasAddress, "the last good addresses serve on")
    }
}
