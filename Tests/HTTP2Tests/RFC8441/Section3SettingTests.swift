import HTTP
import HTTP2
import Testing

@Suite("RFC 8441 sections 3 to 5: extended CONNECT")
struct Section3SettingTests {
    private static let connect = Frame.field(":method", "CONNECT")
    private static let name = Frame.field(":protocol", "websocket")
    /// Scheme and path by index, and the authority.
    private static let target: [UInt8] = [0x86, 0x84] + Frame.field(":authority", "a.test")

    @Test("§3: a server says that it may be sent")
    func setting() throws {
        #expect(try RawClient().settings[8] == Frame.number(1))
    }

    @Test("§4: it arrives with its protocol, scheme and path, and content goes both ways")
    func arrival() throws {
        let client = try RawClient()
        client.send(Frame.headers(1, endsStream: false, Self.connect + Self.name + Self.target))
        let stream = try #require(client.streams.first)
        var head = HeadFields()
        let isThere = stream.takeHead(&head)
        let (method, name, path, isComplete) = (head.method, head.protocolName, head.path, head.isComplete)
        #expect(isThere && !isComplete)
        #expect(method == Array("CONNECT".utf8) && name == Array("websocket".utf8) && path == Array("/".utf8))
        client.send(Frame.bytes(0, stream: 1, Array("in".utf8)))
        #expect(stream.content() == ("in", "waits"))
        stream.respond(200)
        #expect(stream.send("out") == 3)
        client.send([])
        #expect(client.contents == Array("out".utf8))
        client.send(Frame.bytes(0, 1, stream: 1))
        #expect(stream.content() == ("", "end"))
    }

    @Test(
        "§4: where it means nothing, or something is missing, the stream ends",
        arguments: [
            ("in a GET", [0x82] + name + target), ("twice", connect + name + name + target),
            ("without a scheme", connect + name + [0x84] + Frame.field(":authority", "a.test")),
            ("without a path", connect + name + [0x86] + Frame.field(":authority", "a.test")),
            ("without an authority", connect + name + [0x86, 0x84]),
            ("behind fields", connect + target + Frame.field("a", "b") + name),
        ] as [(String, [UInt8])])
    func malformed(name: String, block: [UInt8]) throws {
        let client = try RawClient()
        client.send(Frame.headers(1, endsStream: false, block))
        #expect(client.streams.isEmpty)
        #expect(client.resets == [1])
    }

    @Test("a head does not keep the protocol of the one before")
    func next() throws {
        let client = try RawClient()
        client.send(Frame.headers(1, endsStream: false, Self.connect + Self.name + Self.target))
        client.send(Frame.headers(3))
        var head = HeadFields()
        let isThere = try #require(client.streams.last).takeHead(&head)
        let name = head.protocolName
        #expect(isThere && name.isEmpty)
    }
}
