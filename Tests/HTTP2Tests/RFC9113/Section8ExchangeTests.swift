import HTTP
import HTTP2
import Testing

@Suite("RFC 9113 section 8.1: an exchange of messages")
struct Section8ExchangeTests {
    @Test("a request without content and its response", arguments: [1, 7, Int.max])
    func plain(step: Int) throws {
        let pair = try SessionPair(step: step)
        let (client, server) = try pair.open(path: "/a?b", lines: "X-A: 1\r\nAccept: */*\r\n")
        #expect(server.head() == "GET http a.test /a?b .\r\nx-a: 1\r\naccept: */*\r\n")
        #expect(server.content() == ("", "end"))
        server.respond(204, "Server: s\r\n", isComplete: true)
        server.close(abruptly: false)
        pair.exchange()
        #expect(client.head() == "204 .\r\nserver: s\r\n")
        #expect(client.content() == ("", "end"))
        #expect(client.failure == nil)
        #expect(pair.client.openStreams == 0 && pair.server.openStreams == 0)
    }

    @Test("content and trailers both ways", arguments: [1, 9, Int.max])
    func contentAndTrailers(step: Int) throws {
        let pair = try SessionPair(step: step)
        let (client, server) = try pair.open(.post, isComplete: false)
        #expect(client.send("question") == 8)
        pair.exchange()
        #expect(server.content() == ("question", "waits"))
        client.finish("X-Sum: 1\r\n")
        server.respond(200)
        #expect(server.send("answer") == 6)
        server.finish("X-Sum: 2\r\nX-More: 3\r\n")
        pair.exchange()
        #expect(server.content() == ("", "end"))
        #expect(server.trailerLines() == "x-sum: 1\r\n")
        #expect(client.head() == "200\r\n")
        #expect(client.content() == ("answer", "end"))
        #expect(client.trailerLines() == "x-sum: 2\r\nx-more: 3\r\n")
        #expect(pair.client.openStreams == 0 && pair.server.openStreams == 0)
    }

    @Test("interim responses come before the final one")
    func interim() throws {
        let pair = try SessionPair()
        let (client, server) = try pair.open(.post, lines: "Expect: 100-continue\r\n", isComplete: false)
        server.respondInterim(100, lines: [UInt8]().span)
        server.respond(200, isComplete: true)
        pair.exchange()
        #expect(client.head() == "100\r\n")
        #expect(client.head() == "200 .\r\n")
        #expect(client.head() == nil)
    }

    @Test("content and its end that are written together are one frame")
    func oneFrame() throws {
        let pair = try SessionPair()
        let (_, server) = try pair.open()
        server.respond(200)
        _ = server.send("0123456789")
        server.finish()
        let bytes = pair.server.collected()
        #expect(bytes.suffix(19).starts(with: [0, 0, 10, 0, 1, 0, 0, 0, 1]))
    }

    @Test("a response may end before the request does, and the rest of that is not wanted")
    func earlyResponse() throws {
        let pair = try SessionPair()
        let (client, server) = try pair.open(.post, isComplete: false)
        server.respond(413)
        _ = server.send("no")
        server.finish()
        server.close(abruptly: false)
        pair.exchange()
        #expect(client.head() == "413\r\n")
        #expect(client.content() == ("no", "end"))
        #expect(client.failure == nil)
        #expect(client.send("more") == 0)
        #expect(pair.server.openStreams == 0)
    }
}
