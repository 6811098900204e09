import Bytes
import FuzzDriver
import HTTP
import HTTP2
import Transport

@main
struct FuzzHTTP2 {
    static func main() { FuzzDriver.run(check) }
}

/// Lets the bytes after the first few be what the other side sends; those say what the application does meanwhile, and in
/// pieces of which size the bytes arrive. Nothing may crash, and nothing may grow beyond its bound.
private func check(_ bytes: [UInt8]) {
    guard bytes.count > 4 else { return }
    let script = Array(bytes.prefix(4))
    let input = Array(bytes.dropFirst(4))
    var limits = SessionLimits(messages: MessageLimits())
    limits.concurrentStreams = 8
    limits.streamWindow = 4096
    limits.connectionWindow = 65_535
    limits.pendingContent = 2048
    serve(input, script, limits)
    request(input, script, limits)
}

/// Feeds a server's session, behind the preface that libFuzzer need not find.
private func serve(_ input: [UInt8], _ script: [UInt8], _ limits: SessionLimits) {
    guard let session = try? ServerSession(limits: limits) else { return }
    let application = Application(script, limits)
    session.receive(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8).span, at: application.now)
    application.feed(input, to: session) {
        while let stream = session.nextStream() { application.streams.append(stream) }
        var head = HeadFields()
        while session.nextMalformed(&head) {}
        precondition(application.streams.count <= limits.concurrentStreams, "more exchanges than are allowed")
    }
}

/// Feeds a client's session with streams open.
private func request(_ input: [UInt8], _ script: [UInt8], _ limits: SessionLimits) {
    guard let session = try? ClientSession(limits: limits) else { return }
    let application = Application(script, limits)
    // No stream is opened before the server has sent its settings.
    let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
    session.receive(settings.span, at: application.now)
    let text = Array("a.test".utf8)
    let lines = Array("Host: a\r\nX-A: b\r\nTE: trailers\r\n".utf8)
    for index in 0..<3 {
        let stream = session.open(
            method: index == 1 ? .head : .post, scheme: "http", authority: text.span, path: text.span,
            lines: lines.span, isComplete: index == 1)
        if let stream { application.streams.append(stream) }
    }
    application.feed(input, to: session) {}
}

/// Reads, answers and closes streams as a script says.
private final class Application {
    var streams: [HTTP2Stream] = []
    private(set) var now = Instant(nanoseconds: 1)
    private let script: [UInt8]
    private let limits: SessionLimits
    private let blocks = BlockPool()
    private var step = 0

    init(_ script: [UInt8], _ limits: SessionLimits) {
        self.script = script
        self.limits = limits
    }

    /// Feeds `input` and acts between its pieces; `take` takes what is new from the session.
    func feed(_ input: [UInt8], to session: Session, _ take: () -> Void) {
        var start = 0
        let size = 1 + Int(script[0])
        while start < input.count {
            let end = min(start + size, input.count)
            session.receive(input.span.extracting(start..<end), at: now)
            start = end
            take()
            act()
            var output: [UInt8] = []
            session.appendOutput(to: &output, upTo: 1 << 20)
            precondition(output.count < 2 << 20, "more output than there can be")
            now = now + .milliseconds(UInt64(script[3]))
        }
        session.connectionLost()
        for stream in streams { stream.close(abruptly: false) }
        precondition(session.openStreams == 0, "a stream has outlived its connection")
    }

    private func act() {
        for stream in streams {
            step += 1
            act(script[1] &+ UInt8(truncatingIfNeeded: step) &* script[2], on: stream)
        }
        if script[2] & 1 == 0 { streams.removeAll { $0.remoteState == .gone } }
    }

    private func act(_ action: UInt8, on stream: HTTP2Stream) {
        let lines = Array("Date: x\r\nConnection: close\r\nX-Y: z\r\n".utf8)
        switch action & 7 {
        case 0:
            var head = HeadFields()
            guard stream.takeHead(&head) else { return }
            precondition(head.fields.count <= limits.messages.fieldCount, "more fields than are allowed")
        case 1: stream.respond(200, lines: lines.span, isComplete: action & 8 == 0)
        case 2: stream.respondInterim(103, lines: lines.span)
        case 3: _ = stream.write([UInt8](repeating: 1, count: 3000).span)
        case 4: stream.finish(trailers: action & 8 == 0 ? lines.span : lines.span.extracting(0..<0))
        case 5: stream.close(abruptly: action & 8 == 0)
        default: read(stream)
        }
    }

    private func read(_ stream: HTTP2Stream) {
        var buffer = ByteBuffer()
        var count = 0
        while buffer.reserve(from: blocks), case .bytes(let more) = stream.read(into: &buffer) {
            buffer.consume(more)
            count += more
        }
        precondition(count <= limits.streamWindow, "more content than the window allows")
        buffer.release(to: blocks)
    }
}
