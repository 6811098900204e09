import HTTP
import HTTP2
import Testing

@Suite("RFC 9113 section 5.2: flow control")
struct Section5FlowControlTests {
    private var limits: SessionLimits {
        var limits = SessionLimits(messages: MessageLimits())
        limits.streamWindow = 65_535
        limits.connectionWindow = 100_000
        return limits
    }

    /// Writes as long as anything is taken and passed on.
    private func flood(_ stream: HTTP2Stream, _ pair: SessionPair) -> Int {
        var sent = 0
        let text = String(repeating: "x", count: 16 << 10)
        while true {
            let count = stream.send(text)
            pair.exchange()
            if count == 0 { return sent }
            sent += count
        }
    }

    @Test("content that nobody reads stops at the window, and what waits behind it is bounded")
    func window() throws {
        let pair = try SessionPair(server: limits)
        let (client, server) = try pair.open(.post, isComplete: false)
        #expect(flood(client, pair) == limits.streamWindow + limits.pendingContent)
        #expect(server.content(limit: 16 << 10).text.utf8.count >= 16 << 10)
        pair.exchange()
        #expect(flood(client, pair) > 0)
    }

    @Test("all streams together stop at the connection's window, and go on when one of them is read")
    func connectionWindow() throws {
        let pair = try SessionPair(server: limits)
        let (first, firstEnd) = try pair.open(.post, isComplete: false)
        let (second, secondEnd) = try pair.open(.post, isComplete: false)
        let sent = flood(first, pair) + flood(second, pair)
        #expect(sent == limits.connectionWindow + 2 * limits.pendingContent)
        #expect(secondEnd.content().text.utf8.count == limits.connectionWindow - limits.streamWindow)
        #expect(firstEnd.content().text.utf8.count >= limits.streamWindow)
        pair.exchange()
        #expect(flood(second, pair) > limits.pendingContent)
    }

    @Test("content of streams that this side has closed does not use up the connection's window")
    func closedStreams() throws {
        let pair = try SessionPair(server: limits)
        for round in 0..<20 {
            let (client, server) = try pair.open(.post, isComplete: false)
            _ = flood(client, pair)
            server.close(abruptly: round.isMultiple(of: 2))
            _ = flood(client, pair)
            client.close(abruptly: false)
            pair.exchange()
        }
        let (client, _) = try pair.open(.post, isComplete: false)
        #expect(flood(client, pair) == limits.streamWindow + limits.pendingContent)
    }

    @Test("content that was not read before the client reset its stream does not use up the window either")
    func resetStreams() throws {
        let pair = try SessionPair(server: limits)
        for _ in 0..<20 {
            let (client, server) = try pair.open(.post, isComplete: false)
            _ = flood(client, pair)
            client.close(abruptly: true)
            pair.exchange()
            #expect(server.failure == .reset(.internalError))
            #expect(server.content() == ("", "failed"))
            server.close(abruptly: false)
        }
        let (client, _) = try pair.open(.post, isComplete: false)
        #expect(flood(client, pair) == limits.streamWindow + limits.pendingContent)
    }
}
