import Bytes
import HTTP
import HTTP2
import Testing
import Transport

/// A client's and a server's session, and the bytes between them in memory.
final class SessionPair {
    let client: ClientSession
    let server: ServerSession
    let blocks = BlockPool()
    var now = Instant(nanoseconds: 1_000_000_000)
    /// How many bytes are passed on at once.
    let step: Int

    init(
        client: SessionLimits = SessionLimits(messages: MessageLimits()),
        server: SessionLimits = SessionLimits(messages: MessageLimits()), step: Int = .max
    ) throws {
        self.client = try ClientSession(limits: client)
        self.server = try ServerSession(limits: server)
        self.step = step
        // A client opens no stream before it knows the server's settings.
        exchange()
    }

    deinit {
        client.connectionLost()
        server.connectionLost()
    }

    /// Passes bytes on until neither side has any.
    func exchange() {
        while move(from: client, to: server) + move(from: server, to: client) > 0 {}
    }

    @discardableResult
    func move(from sender: Session, to receiver: Session) -> Int {
        var bytes: [UInt8] = []
        sender.appendOutput(to: &bytes, upTo: .max)
        receiver.receive(bytes, step: step, at: now)
        return bytes.count
    }

    /// Opens a stream, and gives both ends of it.
    func open(
        _ method: HTTP.Method = .get, path: String = "/", lines: String = "", isComplete: Bool = true
    ) throws -> (client: HTTP2Stream, server: HTTP2Stream) {
        let stream = try begin(method, path: path, lines: lines, isComplete: isComplete)
        exchange()
        return (stream, try #require(server.nextStream()))
    }

    /// Opens a stream of which the server has not heard yet.
    func begin(
        _ method: HTTP.Method = .get, path: String = "/", lines: String = "", isComplete: Bool = true
    ) throws -> HTTP2Stream {
        let (authority, path, lines) = (Array("a.test".utf8), Array(path.utf8), Array(lines.utf8))
        let opened = client.open(
            method: method, scheme: "http", authority: authority.span, path: path.span, lines: lines.span,
            isComplete: isComplete)
        return try #require(opened)
    }
}

extension Session {
    func receive(_ bytes: [UInt8], step: Int = .max, at now: Instant) {
        var start = 0
        while start < bytes.count {
            let end = step < bytes.count - start ? start + step : bytes.count
            receive(bytes.span.extracting(start..<end), at: now)
            start = end
        }
    }

    /// All that is to be written.
    func collected() -> [UInt8] {
        var bytes: [UInt8] = []
        appendOutput(to: &bytes, upTo: .max)
        return bytes
    }
}

extension HTTP2Stream {
    /// The head that has arrived, in the form of HTTP/1.1; nil if there is none.
    func head() -> String? {
        var head = HeadFields()
        guard takeHead(&head) else { return nil }
        var lines: [UInt8] = []
        head.fields.append(lines: 0..<head.fields.count, to: &lines)
        let start =
            head.status > 0
            ? "\(head.status)"
            : "\(head.method.span.text) \(head.scheme.span.text) \(head.authority.span.text) \(head.path.span.text)"
        return start + (head.isComplete ? " .\r\n" : "\r\n") + lines.span.text
    }

    /// All the content that can be read now.
    func content(limit: Int = .max) -> (text: String, outcome: String) {
        let pool = BlockPool()
        var all: [UInt8] = []
        var buffer = ByteBuffer()
        while all.count < limit, buffer.reserve(from: pool) {
            switch read(into: &buffer) {
            case .bytes:
                all.append(buffer.span)
                buffer.consume(buffer.count)
            case .wouldBlock: return (all.span.text, "waits")
            case .end: return (all.span.text, "end")
            case .failed: return (all.span.text, "failed")
            }
        }
        return (all.span.text, "more")
    }

    func send(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        guard case .bytes(let count) = write(bytes.span) else { return 0 }
        return count
    }

    func respond(_ status: Int, _ lines: String = "", isComplete: Bool = false) {
        let lines = Array(lines.utf8)
        respond(status, lines: lines.span, isComplete: isComplete)
    }

    func finish(_ trailers: String = "") {
        let lines = Array(trailers.utf8)
        finish(trailers: lines.span)
    }

    func trailerLines() -> String {
        var lines: [UInt8] = []
        trailers.append(lines: 0..<trailers.count, to: &lines)
        return lines.span.text
    }
}
