import HTTP
import HTTP2
import Testing
import Transport

@Suite("RFC 9113 sections 8.1.1 and 8.2: malformed messages")
struct Section8MalformedTests {
    static let malformed: [(String, [UInt8])] = [
        ("upper case", Frame.request + Frame.field("A", "b")),
        ("CR in a value", Frame.request + Frame.field("a", "b\rc")),
        ("LF in a value", Frame.request + Frame.field("a", "b\nc")),
        ("NUL in a value", Frame.request + Frame.field("a", "b\0c")),
        ("space around a value", Frame.request + Frame.field("a", " b")),
        ("a name with a space", Frame.request + Frame.field("a b", "c")),
        ("an empty name", Frame.request + Frame.field("", "c")),
        ("Connection", Frame.request + Frame.field("connection", "close")),
        ("Transfer-Encoding", Frame.request + Frame.field("transfer-encoding", "chunked")),
        ("Upgrade", Frame.request + Frame.field("upgrade", "h2c")),
        ("TE other than trailers", Frame.request + Frame.field("te", "gzip")),
        ("an unknown pseudo-field", Frame.request + Frame.field(":other", "a")),
        ("a pseudo-field of responses", Frame.request + Frame.field(":status", "200")),
        ("a pseudo-field behind fields", Frame.request.dropLast(0) + Frame.field("a", "b") + [0x82]),
        ("a repeated pseudo-field", Frame.request + [0x84]),
        ("no path", [0x82, 0x86]),
        ("an empty path", [0x82, 0x86] + Frame.field(":path", "")),
        ("two lengths", Frame.request + Frame.field("content-length", "1") + Frame.field("content-length", "1")),
        ("a length that is no number", Frame.request + Frame.field("content-length", "+1")),
    ]

    @Test("a malformed request ends its stream, and nothing else", arguments: malformed)
    func request(name: String, block: [UInt8]) throws {
        let client = try RawClient()
        client.send(Frame.headers(1, block))
        #expect(client.streams.isEmpty)
        #expect(client.resets == [1])
        client.send(Frame.headers(3))
        #expect(client.streams.count == 1 && client.server.fault == nil)
    }

    @Test("what was understood of a malformed request is told once")
    func told() throws {
        let server = try ServerSession(limits: SessionLimits(messages: MessageLimits()))
        defer { server.connectionLost() }
        let now = Instant(nanoseconds: 1)
        server.receive(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.bytes(4, stream: 0), at: now)
        server.receive(Frame.headers(1, Frame.request + Frame.field("connection", "close")), at: now)
        var head = HeadFields()
        var isThere = server.nextMalformed(&head)
        let (path, authority) = (head.path, head.authority)
        #expect(isThere && path == Array("/".utf8) && authority == Array("a.test".utf8))
        isThere = server.nextMalformed(&head)
        #expect(!isThere)
    }

    @Test("content that is not as long as was said fails", arguments: ["1", "3"])
    func length(length: String) throws {
        let pair = try SessionPair()
        let (client, server) = try pair.open()
        server.respond(200, "Content-Length: \(length)\r\n")
        _ = server.send("ab")
        server.finish()
        pair.exchange()
        #expect(client.failure == .malformed)
        #expect(client.content().outcome == "failed")
        #expect(client.remoteState == .gone)
    }

    @Test("fields for one connection only are not sent")
    func connectionFields() throws {
        let pair = try SessionPair()
        let (_, server) = try pair.open(
            lines: "Host: b\r\nConnection: x\r\nKeep-Alive: 1\r\nTransfer-Encoding: chunked\r\nUpgrade: a\r\n"
                + "Proxy-Connection: close\r\nTE: gzip\r\nTE: trailers\r\nX: \r\nY:z\r\n")
        #expect(server.head() == "GET http a.test / .\r\nte: trailers\r\nx: \r\ny: z\r\n")
    }

    @Test("what is worth guessing is never put into a table (RFC 7541 section 7.1.3)")
    func neverIndexed() throws {
        let pair = try SessionPair()
        let line = "X-Request-Id: 0123456789\r\nDPoP: abcdefgh\r\nX-Same: abcdefgh\r\n"
        var sizes: [Int] = []
        for _ in 0..<3 {
            let (_, server) = try pair.open()
            server.respond(200, line, isComplete: true)
            sizes.append(pair.server.collected().count)
        }
        // The second head is shorter by the field that may be put there, and by no more.
        #expect(sizes[1] == sizes[2])
        #expect(sizes[1] > 9 + 1 + 10 + 6)
    }

    @Test("a head in pieces is told of until it is whole")
    func insideHead() throws {
        let client = try RawClient()
        let bytes = Frame.bytes(1, 1, stream: 1, Array(Frame.request.prefix(3)))
        client.send(bytes)
        #expect(client.server.isInsideHead)
        client.send(Frame.bytes(9, 4, stream: 1, Array(Frame.request.dropFirst(3))))
        #expect(!client.server.isInsideHead && client.streams.count == 1)
    }
}
