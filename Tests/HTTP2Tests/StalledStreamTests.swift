import HTTP
import Testing
import Transport

@testable import HTTP2

@Suite("Streams of ended exchanges, of which the client takes nothing")
struct StalledStreamTests {
    /// A response of which more is left than the client lets through, on a stream that is closed if the exchange has ended.
    private func leaveContent(isClosed: Bool) throws -> (pair: SessionPair, client: HTTP2Stream, server: HTTP2Stream) {
        var limits = SessionLimits(messages: MessageLimits())
        limits.streamWindow = 65_535
        limits.pendingContent = 200_000
        let pair = try SessionPair(client: limits, server: limits)
        let (client, server) = try pair.open()
        server.respond(200)
        while server.send(String(repeating: "x", count: 10_000)) > 0 { pair.exchange() }
        if isClosed {
            server.finish()
            server.close(abruptly: false)
        }
        pair.exchange()
        return (pair, client, server)
    }

    @Test("are reset when their time is over, and no earlier")
    func reset() throws {
        let (pair, client, _) = try leaveContent(isClosed: true)
        for second in [0, 10, 29] as [UInt64] {
            pair.server.resetStalled(at: pair.now + .seconds(second), after: .seconds(30))
            pair.exchange()
            #expect(client.failure == nil && pair.server.openStreams == 1)
        }
        pair.server.resetStalled(at: pair.now + .seconds(30), after: .seconds(30))
        pair.exchange()
        #expect(client.failure == .reset(.cancel) && pair.server.openStreams == 0)
    }

    @Test("have all their time again whenever the client takes something, and may end")
    func progress() throws {
        let (pair, client, _) = try leaveContent(isClosed: true)
        pair.server.resetStalled(at: pair.now, after: .seconds(30))
        #expect(!client.content(limit: 40_000).text.isEmpty)
        pair.exchange()
        for second in [29, 58] as [UInt64] {
            pair.server.resetStalled(at: pair.now + .seconds(second), after: .seconds(30))
        }
        pair.exchange()
        #expect(client.failure == nil && pair.server.openStreams == 1)
        while client.content().outcome == "waits" { pair.exchange() }
        #expect(client.failure == nil && pair.server.openStreams == 0)
    }

    @Test("are not those whose exchange goes on: it has its own patience")
    func open() throws {
        let (pair, client, server) = try leaveContent(isClosed: false)
        for second in [0, 1000] as [UInt64] {
            pair.server.resetStalled(at: pair.now + .seconds(second), after: .seconds(30))
        }
        pair.exchange()
        #expect(client.failure == nil && server.failure == nil)
        server.close(abruptly: true)
    }
}
