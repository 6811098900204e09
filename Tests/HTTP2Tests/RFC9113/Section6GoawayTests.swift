import HTTP
import HTTP2
import Testing
import Transport

@Suite("RFC 9113 sections 6.7 and 6.8: PING and GOAWAY")
struct Section6GoawayTests {
    @Test("streams above the last that counts can be sent again, others go on")
    func lastStream() throws {
        let pair = try SessionPair()
        let (first, firstEnd) = try pair.open()
        pair.server.beginShutdown()
        pair.server.finishShutdown()
        let late = try pair.begin()
        pair.move(from: pair.server, to: pair.client)
        pair.exchange()
        #expect(late.wasRefused && late.remoteState == .gone)
        #expect(pair.client.capacity == 0)
        #expect(first.failure == nil && !pair.server.isOver)
        firstEnd.respond(200, isComplete: true)
        pair.exchange()
        #expect(first.head() == "200 .\r\n")
        #expect(pair.server.isOver && pair.client.isOver)
        #expect(pair.server.fault == nil && pair.client.fault == nil)
    }

    @Test("between the two GOAWAYs, requests that were under way are served")
    func twoSteps() throws {
        let pair = try SessionPair()
        let stream = try pair.begin()
        let request = pair.client.collected()
        pair.server.beginShutdown()
        pair.server.ping()
        pair.move(from: pair.server, to: pair.client)
        #expect(!pair.server.isPingAnswered)
        pair.server.receive(request, at: pair.now)
        pair.exchange()
        #expect(pair.server.isPingAnswered)
        pair.server.finishShutdown()
        try #require(pair.server.nextStream()).respond(200, isComplete: true)
        pair.exchange()
        #expect(stream.head() == "200 .\r\n")
        #expect(pair.client.capacity == 0)
    }

    @Test("a stream that the server refuses, because exchanges go on after their streams, can be sent again")
    func refused() throws {
        var limits = SessionLimits(messages: MessageLimits())
        limits.concurrentStreams = 1
        let pair = try SessionPair(server: limits)
        let (first, firstEnd) = try pair.open()
        #expect(pair.client.capacity == 0)
        first.close(abruptly: false)
        pair.exchange()
        let opened = try pair.begin()
        pair.exchange()
        #expect(opened.wasRefused)
        firstEnd.close(abruptly: false)
        _ = try pair.open()
    }

    @Test("a lost connection ends all streams, but not what has arrived whole")
    func lost() throws {
        let pair = try SessionPair()
        let (waiting, _) = try pair.open()
        let (answered, end) = try pair.open()
        end.respond(200)
        _ = end.send("all")
        end.finish()
        pair.exchange()
        pair.client.connectionLost()
        #expect(waiting.failure == .connectionLost && waiting.remoteState == .gone)
        #expect(waiting.content() == ("", "failed"))
        #expect(answered.failure == nil)
        #expect(answered.content() == ("all", "end"))
        #expect(pair.client.capacity == 0 && pair.client.isOver)
    }
}
