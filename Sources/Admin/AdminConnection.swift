import Bytes
import HTTP
import Transport

/// One client of the admin listener: request after request until one side ends it (RFC 9112 §9).
final class AdminConnection {
    private let stream: TCPStream
    private let loop: EventLoop
    private let waiter: Waiter
    private let blocks: BlockPool
    private let limits: AdminLimits
    private let responder: AdminResponder
    private var input = ByteBuffer()
    private var parser = AdminSite.makeParser()
    private var request = Request()

    init(stream: TCPStream, loop: EventLoop, blocks: BlockPool, limits: AdminLimits, responder: AdminResponder) {
        self.stream = stream
        self.loop = loop
        self.blocks = blocks
        self.limits = limits
        self.responder = responder
        waiter = Waiter(loop: loop)
        stream.waiter = waiter
    }

    /// Serves requests until the connection ends, and closes it.
    func serve() async {
        var patience = limits.receiving
        while await receiveFirstByte(within: patience), await serveRequest() {
            patience = limits.idle
            // A client that sends request upon request must not hold up the others.
            if !input.isEmpty { await Task.yield() }
        }
        await close()
    }

    /// Says that there are too many connections, and closes this one.
    func refuse() async {
        _ = await send(AdminAnswer(problem: 503, "Too many connections"), isLast: true)
        await close()
    }

    /// - Returns: whether the next request may follow.
    private func serveRequest() async -> Bool {
        do throws(ParseError) {
            guard try await receiveHead() else { return false }
            let isLast = !request.isPersistent || request.version == .http10
            if let refusal = responder.refusal(of: request) {
                // The body is not waited for, so nothing that follows could be told apart from it.
                return await send(refusal, isLast: isLast || !request.framing.isEmpty)
            }
            guard let body = try await receiveBody() else { return false }
            let now = WallClock.seconds
            return await send(await responder.answer(to: request, body: body, now: now), isLast: isLast)
        } catch {
            return await send(AdminAnswer(problem: error.rejection.status, error.detail), isLast: true)
        }
    }

    // MARK: Receiving

    private enum Arrival {
        case bytes, end, late
    }

    /// Waits until there are more bytes in `input`.
    private func receive(until deadline: Instant) async -> Arrival {
        while input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes: return .bytes
            case .end, .failed: return .end
            case .wouldBlock:
                if input.isEmpty { input.release(to: blocks) }
                if await waiter.wait(until: deadline) == .expired { return .late }
            }
        }
        return .end
    }

    private func receiveFirstByte(within patience: Nanoseconds) async -> Bool {
        guard input.isEmpty else { return true }
        return await receive(until: loop.now + patience) == .bytes
    }

    /// - Returns: false if the client is gone.
    private func receiveHead() async throws(ParseError) -> Bool {
        let deadline = loop.now + limits.receiving
        while true {
            if let length = try Self.parse(input, &parser, into: &request) {
                input.consume(length)
                return true
            }
            switch await receive(until: deadline) {
            case .bytes: break
            case .end: return false
            case .late: throw .headTooSlow
            }
        }
    }

    /// - Returns: the whole body; nil if the client is gone.
    private func receiveBody() async throws(ParseError) -> [UInt8]? {
        let maximumSize = responder.maximumBody(of: request)
        if case .length(let length) = request.framing, length > maximumSize { throw .bodyTooLarge }
        let deadline = loop.now + limits.receiving
        if request.expectsContinue, input.isEmpty {
            guard await write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return nil }
        }
        var decoder = BodyDecoder(framing: request.framing, limits: MessageLimits(), maximumSize: maximumSize)
        var body: [UInt8] = []
        while !decoder.isComplete {
            let consumed = try Self.decode(input, &decoder, into: &body)
            input.consume(consumed)
            guard consumed == 0, !decoder.isComplete else { continue }
            switch await receive(until: deadline) {
            case .bytes: break
            case .end: return nil
            case .late: throw .bodyTooSlow
            }
        }
        return body
    }

    // A span of a property cannot be taken where another property is changed.

    private static func parse(
        _ input: borrowing ByteBuffer, _ parser: inout RequestParser, into request: inout Request
    ) throws(ParseError) -> Int? {
        try parser.parse(input.span, into: &request)
    }

    private static func decode(
        _ input: borrowing ByteBuffer, _ decoder: inout BodyDecoder, into body: inout [UInt8]
    ) throws(ParseError) -> Int {
        switch try decoder.next(input.span) {
        case .needMore(let consumed), .end(let consumed): return consumed
        case .data(let range, let consumed):
            body.append(input.span.extracting(range))
            return consumed
        }
    }

    // MARK: Sending

    /// - Returns: whether the next request may follow.
    private func send(_ answer: AdminAnswer, isLast: Bool) async -> Bool {
        let isWritten = await write(answer.message(isHead: request.method == .head, isLast: isLast))
        return isWritten && !isLast
    }

    /// Writes as fast as the client reads.
    ///
    /// - Returns: whether everything was taken.
    private func write(_ bytes: [UInt8]) async -> Bool {
        var sent = 0
        while sent < bytes.count {
            switch stream.write(bytes.span.extracting(sent..<bytes.count)) {
            case .bytes(let count): sent += count
            case .failed: return false
            case .wouldBlock:
                if await waiter.wait(until: loop.now + limits.sending) == .expired { return false }
            }
        }
        return true
    }

    /// Half-closes and reads on for a second first where the client may still be sending: closing with bytes unread resets
    /// the connection, and the client could lose the answer (RFC 9112 §9.6).
    private func close() async {
        if !(input.isEmpty && stream.isQuiet) {
            stream.shutdownWriting()
            let deadline = loop.now + .seconds(1)
            var allowance = 256 * 1024
            repeat {
                allowance -= input.count
                input.consume(input.count)
            } while await receive(until: deadline) == .bytes && allowance > 0
        }
        input.release(to: blocks)
        stream.close(abruptly: false)
        waiter.retire()
    }
}
