import HTTP
import HTTP2
import Transport

/// Frames by hand (RFC 9113 section 4.1).
enum Frame {
    static func bytes(_ type: UInt8, _ flags: UInt8 = 0, stream: Int, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + number(stream) + payload
    }

    static func number(_ value: Int) -> [UInt8] {
        [UInt8(value >> 24 & 255), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    /// GET http://a.test/, by RFC 7541: three indexed fields and a literal one.
    static let request: [UInt8] = [0x82, 0x86, 0x84, 0x01, 6] + Array("a.test".utf8)

    /// A field that is not indexed.
    static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }

    static func headers(_ stream: Int, endsStream: Bool = true, _ block: [UInt8] = request) -> [UInt8] {
        bytes(1, endsStream ? 5 : 4, stream: stream, block)
    }

    typealias Part = (type: UInt8, payload: ArraySlice<UInt8>)

    /// Takes frames apart.
    static func parts(of bytes: [UInt8]) -> [Part] {
        var parts: [Part] = []
        var start = 0
        while start + 9 <= bytes.count {
            let length = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            let end = start + 9 + length
            parts.append((bytes[start + 3], bytes[start + 9..<end]))
            start = end
        }
        return parts
    }

    /// What SETTINGS say, by the low byte of each identifier (section 6.5.1).
    static func settings(_ payload: ArraySlice<UInt8>) -> [UInt8: [UInt8]] {
        var settings: [UInt8: [UInt8]] = [:]
        for start in stride(from: payload.startIndex, to: payload.endIndex, by: 6) {
            settings[payload[start + 1]] = Array(payload[start + 2..<start + 6])
        }
        return settings
    }

    static func reset(_ stream: Int) -> [UInt8] { bytes(3, stream: stream, number(8)) }
    static func windowUpdate(_ stream: Int, _ increment: Int) -> [UInt8] { bytes(8, stream: stream, number(increment)) }
}

/// A server's session, and a client that sends what it likes.
final class RawClient {
    let server: ServerSession
    var now = Instant(nanoseconds: 1_000_000_000)
    /// What the server has sent.
    private(set) var received: [UInt8] = []
    /// Streams that the server has been given, whose exchanges go on.
    var streams: [HTTP2Stream] = []

    init(_ limits: SessionLimits = SessionLimits(messages: MessageLimits())) throws {
        server = try ServerSession(limits: limits)
        send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.bytes(4, stream: 0))
    }

    deinit {
        streams.removeAll()
        server.connectionLost()
    }

    func send(_ bytes: [UInt8], reads: Bool = true) {
        server.receive(bytes.span, at: now)
        while let stream = server.nextStream() { streams.append(stream) }
        var head = HeadFields()
        while server.nextMalformed(&head) {}
        if reads { received += server.collected() }
    }

    /// The codes of the GOAWAYs that the server has sent.
    var goaways: [UInt8] { frames.filter { $0.type == 7 }.compactMap(\.payload.last) }

    /// The codes with which the server has reset streams.
    var resets: [UInt8] { frames.filter { $0.type == 3 }.compactMap(\.payload.last) }

    /// All content that the server has sent.
    var contents: [UInt8] { frames.filter { $0.type == 0 }.flatMap(\.payload) }

    /// The settings that the server has announced.
    var settings: [UInt8: [UInt8]] { frames.first { $0.type == 4 }.map { Frame.settings($0.payload) } ?? [:] }

    private var frames: [Frame.Part] { Frame.parts(of: received) }
}
