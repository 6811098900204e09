import HTTP
import HTTP2
import Testing
import Transport

/// What a client does over and over.
enum Flood: String, CaseIterable, Sendable {
    case rapidReset, windowUpdateOfZero, windowUpdateOverflow, contentAfterEnd, headAfterEnd, priorityOnItself
    case priorityOfWrongLength, malformedHead, contentLengthMismatch, refusedStreams
    case settings, ping, priority, unknownFrames, emptyContent, emptyContinuations, fullContinuations
    case tinyWindowUpdates, resetOfClosedStreams, goaway

    private static let fullContinuation = Frame.bytes(
        9, stream: 1, (0..<250).flatMap { _ in Frame.field("a", String(repeating: "b", count: 60)) })

    /// - Parameter stream: a number that was not used before.
    /// - Returns: the frames.
    func bytes(_ stream: Int) -> [UInt8] {
        switch self {
        case .rapidReset: Frame.headers(stream) + Frame.reset(stream)
        case .windowUpdateOfZero: Frame.headers(stream) + Frame.windowUpdate(stream, 0)
        case .windowUpdateOverflow: Frame.headers(stream) + Frame.windowUpdate(stream, 0x7FFF_FFFF)
        case .contentAfterEnd: Frame.headers(stream) + Frame.bytes(0, stream: stream, [1])
        case .headAfterEnd: Frame.headers(stream) + Frame.headers(stream)
        case .priorityOnItself: Frame.headers(stream) + Frame.bytes(2, stream: stream, Frame.number(stream) + [1])
        case .priorityOfWrongLength: Frame.headers(stream) + Frame.bytes(2, stream: stream, [0])
        case .malformedHead: Frame.headers(stream, Frame.request + Frame.field("A", "b"))
        case .contentLengthMismatch:
            Frame.headers(stream, endsStream: false, Frame.request + Frame.field("content-length", "1"))
                + Frame.bytes(0, 1, stream: stream, [1, 2])
        case .refusedStreams: Frame.headers(stream, endsStream: false)
        case .settings: Frame.bytes(4, stream: 0)
        case .ping: Frame.bytes(6, stream: 0, [UInt8](repeating: 0, count: 8))
        case .priority: Frame.bytes(2, stream: stream, Frame.number(0) + [1])
        case .unknownFrames: Frame.bytes(99, stream: 0, [0])
        case .emptyContent:
            (stream == 1 ? Frame.headers(1, endsStream: false) : []) + Frame.bytes(0, stream: 1)
        case .emptyContinuations:
            (stream == 1 ? Frame.bytes(1, 1, stream: 1, Frame.request) : []) + Frame.bytes(9, stream: 1)
        case .fullContinuations:
            (stream == 1 ? Frame.bytes(1, 1, stream: 1, Frame.request) : [])
                + Self.fullContinuation
        case .tinyWindowUpdates: Frame.windowUpdate(0, 1)
        case .resetOfClosedStreams: (stream == 1 ? Frame.headers(1) : []) + Frame.reset(1)
        case .goaway: Frame.bytes(7, stream: 0, Frame.number(0) + Frame.number(0))
        }
    }
}

@Suite("Security rule 11: floods end the connection")
struct Rule11FloodTests {
    @Test("a client that goes on and on, and reads what it is sent", arguments: Flood.allCases)
    func floods(flood: Flood) throws {
        let client = try RawClient()
        var rounds = 0
        while !client.server.isOver, rounds < 5000 {
            client.send(flood.bytes(2 * rounds + 1))
            rounds += 1
        }
        #expect(client.server.isOver)
        #expect(rounds < 4000)
        #expect(client.streams.count <= 500)
        #expect(flood == .goaway || client.server.fault != nil)
        #expect(flood == .goaway || client.goaways.contains { $0 != 0 })
    }

    @Test("a client that goes on and on, and reads nothing", arguments: Flood.allCases)
    func unread(flood: Flood) throws {
        let client = try RawClient()
        for round in 0..<5000 { client.send(flood.bytes(2 * round + 1), reads: false) }
        #expect(client.streams.count <= 500)
        #expect(client.server.collected().count < 256 << 10)
        #expect(client.server.isOver)
    }

    @Test("exchanges that go on after their streams were reset keep their place")
    func resetStreamsCount() throws {
        var limits = SessionLimits(messages: MessageLimits())
        limits.concurrentStreams = 10
        let client = try RawClient(limits)
        for index in 0..<20 { client.send(Flood.rapidReset.bytes(2 * index + 1)) }
        #expect(client.streams.count == 10)
        #expect(client.resets == [UInt8](repeating: 7, count: 10))
        for stream in client.streams { stream.close(abruptly: false) }
        client.send(Frame.headers(41))
        #expect(client.streams.count == 11)
    }

    @Test("a client that cancels much, but not without end, is served")
    func cancellations() throws {
        let client = try RawClient()
        for second in 0..<60 {
            for index in 0..<(second == 0 ? 300 : 80) {
                client.send(Flood.rapidReset.bytes(2 * (second * 300 + index) + 1))
                for stream in client.streams { stream.close(abruptly: false) }
                client.streams.removeAll()
            }
            client.now = client.now + .seconds(1)
        }
        #expect(client.server.fault == nil)
    }

    @Test("a client that cancels every other request, as fast as it can, is served")
    func cancelsHalf() throws {
        let client = try RawClient()
        for index in 0..<2000 {
            client.send(index.isMultiple(of: 2) ? Frame.headers(2 * index + 1) : Flood.rapidReset.bytes(2 * index + 1))
            for stream in client.streams {
                stream.respond(200, isComplete: true)
                stream.close(abruptly: false)
            }
            client.streams.removeAll()
        }
        #expect(client.server.fault == nil)
    }
}

@Suite("Security rule 11: heads beyond the limits")
struct Rule11HeadLimitTests {
    /// - Returns: the client, and of the head that has arrived, if one has, how many fields it has and whether it says
    ///   that it was too large.
    private func head(_ fields: [UInt8]) throws -> (client: RawClient, count: Int?, isTooLarge: Bool) {
        let client = try RawClient()
        let block = Frame.request + fields
        let first = block.prefix(16_000)
        client.send(Frame.bytes(1, first.count == block.count ? 5 : 1, stream: 1, Array(first)))
        var rest = block.dropFirst(16_000)
        while !rest.isEmpty {
            let part = rest.prefix(16_000)
            rest = rest.dropFirst(16_000)
            client.send(Frame.bytes(9, rest.isEmpty ? 4 : 0, stream: 1, Array(part)))
        }
        var head = HeadFields()
        guard client.streams.first?.takeHead(&head) == true else { return (client, nil, false) }
        return (client, head.fields.count, head.isTooLarge)
    }

    @Test("too many fields are left out, and the head says so", arguments: [100, 101, 400])
    func fieldCount(count: Int) throws {
        let (client, kept, isTooLarge) = try head((0..<count).flatMap { _ in Frame.field("a", "b") })
        #expect(isTooLarge == (count > 100))
        #expect(kept == 100)
        #expect(client.server.fault == nil)
    }

    @Test("too many bytes are left out, and the head says so", arguments: [81, 82])
    func fieldBytes(count: Int) throws {
        // With the colon, the space and CRLF, a line of 200 bytes; the pseudo-fields are not counted.
        let fields = (0..<count).flatMap { _ in
            Frame.field(String(repeating: "a", count: 100), String(repeating: "b", count: 96))
        }
        let (client, kept, isTooLarge) = try head(fields)
        #expect(isTooLarge == (count > 81))
        #expect(kept == min(count, 81))
        #expect(client.server.fault == nil)
    }

    @Test("a bomb of one large field, again and again, ends the stream and leaves little behind")
    func bomb() throws {
        let value = String(repeating: "b", count: 100)
        // An indexed field of 4000 bytes would not fit one octet of length; forty of a hundred do as well.
        let insert = (0..<30).flatMap { _ in [0x40, 1, UInt8(ascii: "a"), UInt8(100)] + Array(value.utf8) }
        let (client, kept, _) = try head(insert + [UInt8](repeating: 0xBE, count: 12_000))
        #expect(kept == nil)
        #expect(client.resets == [11])
        #expect(client.server.openStreams == 0)
    }

    @Test("content that is under way to a request that was refused is no flood, until it does not end")
    func contentAfterReset() throws {
        let client = try RawClient()
        client.send(Frame.headers(1, endsStream: false))
        let stream = try #require(client.streams.first)
        let none: [UInt8] = []
        stream.respond(401, lines: none.span, isComplete: true)
        stream.close(abruptly: false)
        client.streams.removeAll()
        client.send([])
        let content = Frame.bytes(0, stream: 1, [UInt8](repeating: 1, count: 16 << 10))
        for _ in 0..<16 { client.send(content) }
        #expect(!client.server.isOver)
        #expect(client.goaways.isEmpty)
        for _ in 0..<256 { client.send(content) }
        #expect(client.server.isOver)
    }

    @Test("trailers beyond the limit end the stream instead of crossing in part")
    func largeTrailers() throws {
        let client = try RawClient()
        client.send(Frame.headers(1, endsStream: false))
        let field = Frame.field("a", String(repeating: "b", count: 100))
        client.send(Frame.headers(1, (0..<101).flatMap { _ in field }))
        #expect(client.resets == [11])
        let stream = try #require(client.streams.first)
        #expect(stream.trailers.count == 0)
        #expect(stream.remoteState == .gone)
        #expect(!client.server.isOver)
    }
}
