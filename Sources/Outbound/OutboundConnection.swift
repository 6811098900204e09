internal import Bytes
internal import HTTP
internal import Transport

/// A connection of the gateway's own client: one exchange of HTTP/1.1 after the other (RFC 9112 §9).
final class OutboundConnection {
    /// What a response was, as far as the client goes on from it.
    struct Answer {
        let response: OutboundResponse
        /// Where a redirect leads, as it was sent.
        let location: String?
        /// Whether the connection can be used again.
        let isPersistent: Bool
    }

    private let stream: any ByteStream
    private let loop: EventLoop
    private let blocks: BlockPool
    private var input = ByteBuffer()
    private var parser = ResponseParser(limits: MessageLimits())
    private var response = Response()
    /// Whether anything of the response has come.
    private var hasReceived = false
    /// Since when nothing has happened on it.
    var idleSince = Instant.never
    /// Scheme, host and port of the service that it leads to.
    let origin: String

    init(_ stream: any ByteStream, origin: String, loop: EventLoop, blocks: BlockPool) {
        self.stream = stream
        self.origin = origin
        self.loop = loop
        self.blocks = blocks
    }

    /// Whether the service has neither ended it nor sent anything between messages.
    var isQuiet: Bool { stream.isQuiet }

    func close() {
        input.release(to: blocks)
        stream.close(abruptly: false)
    }

    /// Sends a request and receives the response.
    ///
    /// - Parameters:
    ///   - message: the request.
    ///   - method: its method.
    ///   - maximumSize: how large the content of the response may be.
    ///   - waiter: the caller's own.
    ///   - deadline: when to give up.
    /// - Returns: the response.
    /// - Throws: `ExchangeFault`; the connection is to be closed then.
    func exchange(
        _ message: [UInt8], _ method: Method, maximumSize: Int, waiter: Waiter, until deadline: Instant
    ) async throws(ExchangeFault) -> Answer {
        stream.waiter = waiter
        hasReceived = false
        try await send(message, waiter, until: deadline)
        let head = try await receiveHead(method, waiter, until: deadline)
        guard head.status != 101 else { throw .failed("a switch to a protocol that was not asked for (status 101)") }
        guard !head.isEncoded else { throw .failed("a Content-Encoding that was not asked for") }
        let content = try await receiveContent(head.framing, maximumSize, waiter, until: deadline)
        let isPersistent = head.isPersistent && input.isEmpty
        input.release(to: blocks)
        stream.waiter = nil
        return Answer(
            response: OutboundResponse(status: head.status, mediaType: head.mediaType, content: content),
            location: head.location, isPersistent: isPersistent)
    }

    /// Asks the proxy at the other end to lead on (RFC 9110 §9.3.6).
    ///
    /// - Parameters:
    ///   - message: the CONNECT request.
    ///   - waiter: the caller's own.
    ///   - deadline: when to give up.
    /// - Throws: `ExchangeFault`, also if the proxy does not; the connection is to be closed then.
    func openTunnel(
        _ message: [UInt8], waiter: Waiter, until deadline: Instant
    ) async throws(ExchangeFault) {
        stream.waiter = waiter
        hasReceived = false
        try await send(message, waiter, until: deadline)
        let head = try await receiveHead(.connect, waiter, until: deadline)
        guard (200...299).contains(head.status) else {
            throw .failed("CONNECT was answered with status \(head.status)")
        }
        // A server of TLS waits for the client to speak first.
        guard input.isEmpty else { throw .failed("content before the tunnel was used") }
        input.release(to: blocks)
    }

    // MARK: Sending

    /// Writes as fast as the service reads. Where it reads no more, it may have answered before: what it sent will tell.
    private func send(
        _ message: [UInt8], _ waiter: Waiter, until deadline: Instant
    ) async throws(ExchangeFault) {
        var sent = 0
        while sent < message.count {
            switch stream.write(message.span.extracting(sent..<message.count)) {
            case .bytes(let count): sent += count
            case .failed: return
            case .wouldBlock:
                guard await waiter.wait(until: deadline) == .woken else {
                    throw .failed("the request was not taken in time")
                }
            }
        }
    }

    // MARK: Receiving

    /// Waits until there are more bytes in `input`.
    ///
    /// - Returns: false if the service will send nothing more.
    private func receive(_ waiter: Waiter, until deadline: Instant) async throws(ExchangeFault) -> Bool {
        while input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes:
                hasReceived = true
                // A service that never ceases to send holds up nobody else, and puts off no deadline.
                await Task.yield()
                guard loop.now < deadline else { throw .failed("the response was not complete in time") }
                return true
            case .end: return false
            case .failed(let error):
                throw hasReceived ? .failed("the response broke off: \(error.description)") : .unanswered
            case .wouldBlock:
                guard await waiter.wait(until: deadline) == .woken else {
                    throw .failed(
                        hasReceived ? "the response was not complete in time" : "no response came in time")
                }
            }
        }
        throw .failed(ParseError.headTooLarge.detail)
    }

    /// Receives the head of the final response.
    private func receiveHead(
        _ method: Method, _ waiter: Waiter, until deadline: Instant
    ) async throws(ExchangeFault) -> Head {
        while true {
            if let length = try Self.parse(input, &parser, method, into: &response) {
                input.consume(length)
                if response.isInformational { continue }
                return Head(response)
            }
            guard try await receive(waiter, until: deadline) else {
                throw hasReceived ? .failed("the response ended within its head") : .unanswered
            }
        }
    }

    private func receiveContent(
        _ framing: BodyFraming, _ maximumSize: Int, _ waiter: Waiter, until deadline: Instant
    ) async throws(ExchangeFault) -> [UInt8] {
        if case .length(let length) = framing, length > maximumSize { throw .tooLarge(maximumSize) }
        var decoder = BodyDecoder(framing: framing, limits: MessageLimits(), maximumSize: maximumSize)
        var content: [UInt8] = []
        while !decoder.isComplete {
            let consumed = try Self.decode(input, &decoder, maximumSize, into: &content)
            input.consume(consumed)
            guard consumed == 0, !decoder.isComplete else { continue }
            guard try await receive(waiter, until: deadline) else {
                try Self.end(&decoder)
                break
            }
        }
        return content
    }

    // A span of a property cannot be taken where another property is changed.

    private static func parse(
        _ input: borrowing ByteBuffer, _ parser: inout ResponseParser, _ method: Method, into response: inout Response
    ) throws(ExchangeFault) -> Int? {
        do throws(ParseError) {
            return try parser.parse(input.span, requestMethod: method, into: &response)
        } catch {
            throw .failed("the response is not valid: \(error.detail)")
        }
    }

    private static func decode(
        _ input: borrowing ByteBuffer, _ decoder: inout BodyDecoder, _ maximumSize: Int, into content: inout [UInt8]
    ) throws(ExchangeFault) -> Int {
        do throws(ParseError) {
            switch try decoder.next(input.span) {
            case .needMore(let consumed), .end(let consumed): return consumed
            case .data(let range, let consumed):
                content.append(input.span.extracting(range))
                return consumed
            }
        } catch {
            throw error == .bodyTooLarge
                ? .tooLarge(maximumSize) : .failed("the response is not valid: \(error.detail)")
        }
    }

    private static func end(_ decoder: inout BodyDecoder) throws(ExchangeFault) {
        do throws(ParseError) {
            try decoder.end()
        } catch {
            throw .failed("the response ended within its content")
        }
    }
}

/// Why an exchange gave no response.
enum ExchangeFault: Error {
    /// The connection ended before a byte of the response came: the service may have closed it before the request arrived.
    case unanswered
    /// The content is larger than so many bytes.
    case tooLarge(Int)
    case failed(String)

    /// The fault in words for an operator.
    var detail: String {
        switch self {
        case .unanswered: "the connection was closed before a response came"
        case .tooLarge(let size): "the response is larger than \(size) bytes"
        case .failed(let detail): detail
        }
    }
}

/// What of a response's head counts.
private struct Head {
    let status: Int
    let framing: BodyFraming
    let isPersistent: Bool
    let mediaType: String?
    let location: String?
    /// Whether the content has a coding, such as gzip (RFC 9110 §8.4).
    let isEncoded: Bool

    init(_ response: borrowing Response) {
        status = response.status
        framing = response.framing
        isPersistent = response.isPersistent
        let type = response.fields.value(of: .contentType)?.mediaType.array.map(\.lowercasedASCII)
        mediaType = type.map { $0.span.text }
        location = response.fields.value(of: .location)?.text
        if let coding = response.fields.value(of: .contentEncoding) {
            isEncoded = !coding.equalsIgnoringCase("identity") || response.fields.count(of: .contentEncoding) > 1
        } else {
            isEncoded = false
        }
    }
}
