import Bytes
import HTTP
package import Transport

/// A service to try the gateway with: it answers every request with a JSON object that says what it received.
///
/// For the tour in the README and for nothing else: it keeps connections open, reads bodies away, and knows no limits but
/// those of the parsers.
package actor ExampleServer {
    nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    /// Where it listens.
    package nonisolated let address: SocketAddress
    private let socket: ListeningSocket
    private let blocks = BlockPool()
    private var listener: Listener?

    /// - Parameter address: where to listen.
    /// - Throws: what `bind(2)` or `listen(2)` fails with.
    package init(address: SocketAddress) throws(SocketError) {
        loop = try EventLoop()
        socket = try ListeningSocket(address: address, connectionLimit: 1000)
        self.address = socket.address
    }

    /// Serves for ever, on the calling thread.
    package nonisolated func run() {
        Task(executorPreference: loop) { await self.start() }
        loop.run()
    }

    private func start() {
        let listener = Listener(
            socket: socket, loop: loop,
            onConnection: { [self, loop] descriptor, _ in
                let number = descriptor.release()
                Task(executorPreference: loop) { await self.serve(number) }
            }, onExhaustion: {})
        try? listener.resume()
        self.listener = listener
    }

    private func serve(_ descriptor: Int32) async {
        guard let stream = try? TCPStream(accepted: Descriptor(owning: descriptor), loop: loop) else { return }
        let visit = Visit(stream: stream, waiter: Waiter(loop: loop), blocks: blocks)
        await visit.serve()
    }
}

/// One connection to the example.
private final class Visit {
    private let stream: TCPStream
    private let waiter: Waiter
    private let blocks: BlockPool
    private var input = ByteBuffer()
    private var request = Request()

    init(stream: TCPStream, waiter: Waiter, blocks: BlockPool) {
        self.stream = stream
        self.waiter = waiter
        self.blocks = blocks
        stream.waiter = waiter
    }

    func serve() async {
        while await readHead(), await readBody(), await answer(), request.isPersistent {}
        input.release(to: blocks)
        stream.close(abruptly: false)
        waiter.retire()
    }

    private func readHead() async -> Bool {
        var parser = RequestParser(limits: MessageLimits())
        while true {
            guard let length = try? parse(&parser) else { return false }
            if length > 0 {
                input.consume(length)
                return true
            }
            guard await receive() else { return false }
        }
    }

    /// - Returns: the length of the head, or 0 if it is not complete.
    private func parse(_ parser: inout RequestParser) throws(ParseError) -> Int {
        let bytes = input.span.array
        return try parser.parse(bytes.span, into: &request) ?? 0
    }

    private func readBody() async -> Bool {
        var decoder = BodyDecoder(framing: request.framing, limits: MessageLimits())
        while !decoder.isComplete {
            if input.isEmpty {
                guard await receive() else { return false }
            }
            guard let event = try? decoder.next(input.span) else { return false }
            switch event {
            case .needMore(let consumed), .data(_, let consumed), .end(let consumed): input.consume(consumed)
            }
        }
        return true
    }

    private func receive() async -> Bool {
        guard input.reserve(from: blocks) else { return false }
        while true {
            switch stream.read(into: &input) {
            case .bytes: return true
            case .end, .failed: return false
            case .wouldBlock:
                if await waiter.wait(until: .now + .seconds(60)) == .expired { return false }
            }
        }
    }

    private func answer() async -> Bool {
        var body: [UInt8] = []
        body.append("{\"message\":\"hello from the example upstream\",\"method\":\"")
        body.append(jsonText: request.method.name.utf8.span)
        body.append("\",\"path\":\"")
        let path = request.target.path
        body.append(jsonText: path.span)
        body.append("\"}\n")
        var output: [UInt8] = []
        output.appendStatusLine(200)
        output.append("Content-Type: application/json\r\nContent-Length: ")
        output.append(decimal: body.count)
        output.append("\r\n")
        if !request.isPersistent { output.append("Connection: close\r\n") }
        output.append("\r\n")
        if request.method != .head { output.append(contentsOf: body) }
        var sent = 0
        while sent < output.count {
            switch stream.write(output.span.extracting(sent..<output.count)) {
            case .bytes(let count): sent += count
            case .failed: return false
            case .wouldBlock:
                if await waiter.wait(until: .now + .seconds(60)) == .expired { return false }
            }
        }
        return true
    }
}
