package import Bytes
package import Transport

/// Carries a session over a connection: reads what arrives, and writes what all streams send in as few pieces as possible.
package final class SessionDriver {
    private let session: Session
    private let stream: any ByteStream
    private let loop: EventLoop
    private let blocks: BlockPool
    private let waiter: Waiter
    private var clocks: DriverClocks
    private var input = ByteBuffer()
    /// What the session has given and the connection has not taken.
    private var output: [UInt8] = []
    private var written = 0
    private var end: ConnectionEnd?
    /// When a connection that is never idle looks at its clocks next.
    private var nextLook = Instant.never

    /// What one turn of the loop may move (security.md, rule 21).
    private static let bytesPerTurn = 256 << 10
    /// How much output is written at once.
    private static let outputSize = 64 << 10

    /// - Parameters:
    ///   - session: may have been given what has arrived before.
    ///   - stream: the connection.
    ///   - loop: the caller's loop.
    ///   - blocks: where buffers get their storage.
    ///   - settings: how long the other side may take.
    package init(
        session: Session, stream: any ByteStream, loop: EventLoop, blocks: BlockPool, settings: DriverSettings
    ) {
        self.session = session
        self.stream = stream
        self.loop = loop
        self.blocks = blocks
        waiter = Waiter(loop: loop)
        clocks = DriverClocks(settings: settings, now: loop.now)
        nextLook = loop.now
        stream.waiter = waiter
        session.waiter = waiter
    }

    /// Serves the connection until it is over, and closes it. No stream goes on then.
    ///
    /// - Parameter onArrival: called whenever something has arrived: new streams are to be taken from the session.
    /// - Returns: why it is over.
    package func run(onArrival: () -> Void) async -> ConnectionEnd {
        onArrival()
        while true {
            let hasArrived = receive()
            if hasArrived {
                onArrival()
                // What exchanges have to say at once goes with the session's own output.
                await Task.yield()
            }
            let isFull = write()
            if end == nil, session.isOver, !hasOutput { end = .finished }
            if let end { return await close(end) }
            if isFull { await Task.yield() }
            let isBusy = hasArrived || isFull
            if isBusy, loop.now < nextLook { continue }
            nextLook = loop.now + .seconds(1)
            switch clocks.advance(to: loop.now, session, hasOutput: hasOutput) {
            case .wait where isBusy: continue
            case .wait(let deadline):
                releaseStorage()
                _ = await waiter.wait(until: deadline)
            case .act(let action): perform(action)
            }
        }
    }

    /// Lets no stream begin any more, and ends the connection when the last one has ended.
    package func shutDown() {
        guard !session.isShuttingDown else { return }
        session.beginShutdown()
        session.ping()
        clocks.shutdownBegins(at: loop.now)
        waiter.wake()
    }

    /// Ends the connection at once.
    package func abort() {
        stream.close(abruptly: true)
        end = end ?? .failed(.reset)
        waiter.wake()
    }

    private var hasOutput: Bool { written < output.count }

    /// Reads what has arrived, as far as a turn allows.
    ///
    /// - Returns: whether anything has.
    private func receive() -> Bool {
        var count = 0
        while end == nil, count < Self.bytesPerTurn, input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes(let more):
                count += more
                session.receive(input.span, at: loop.now)
                input.consume(input.count)
            case .wouldBlock: return noteArrival(count)
            case .end: end = session.isReadingOver ? .finished : .ended
            case .failed(let error): end = .failed(error)
            }
        }
        return noteArrival(count)
    }

    private func noteArrival(_ count: Int) -> Bool {
        if count > 0 { clocks.bytesArrived(at: loop.now) }
        return count > 0
    }

    /// Writes what there is, as far as the connection takes it and a turn allows.
    ///
    /// - Returns: whether there is more that the connection may take.
    private func write() -> Bool {
        var count = 0
        while count < Self.bytesPerTurn {
            if !hasOutput {
                if output.capacity == 0 { output = session.storage.takeQueue() }
                output.removeAll(keepingCapacity: true)
                written = 0
                session.appendOutput(to: &output, upTo: Self.outputSize)
                if output.isEmpty { return false }
                clocks.outputBegins(at: loop.now)
            }
            switch writeOutput() {
            case .bytes(let taken):
                written += taken
                count += taken
                clocks.outputBegins(at: loop.now)
            case .wouldBlock: return false
            case .failed(let error):
                end = end ?? .failed(error)
                return false
            }
        }
        return true
    }

    private func writeOutput() -> WriteOutcome {
        // A span of the property itself could not be passed on.
        let output = self.output
        return stream.write(output.span.extracting(written...))
    }

    /// An idle connection holds no memory that it does not need.
    private func releaseStorage() {
        input.release(to: blocks)
        if !hasOutput {
            session.storage.give(&output)
            written = 0
        }
    }

    private func perform(_ action: DriverClocks.Action) {
        switch action {
        case .ping: session.ping()
        case .finishShutdown: session.finishShutdown()
        case .sweep: session.resetStalled(at: loop.now, after: clocks.settings.stallTimeout)
        case .end(.idle):
            session.finishShutdown()
            _ = write()
            end = .idle
        case .end(let reason): end = reason
        }
    }

    // MARK: The end

    private func close(_ end: ConnectionEnd) async -> ConnectionEnd {
        session.connectionLost()
        session.waiter = nil
        switch end {
        case .finished, .idle: await discardInput()
        case .ended, .failed, .headTimeout, .stalled, .pingTimeout: break
        }
        input.release(to: blocks)
        stream.close(abruptly: end == .stalled)
        waiter.retire()
        return end
    }

    /// Reads and discards what is still being sent, up to 256 KiB or a second: closing with bytes unread resets the
    /// connection, and the other side may lose what was said at the end.
    private func discardInput() async {
        stream.shutdownWriting()
        let deadline = loop.now + .seconds(1)
        var allowance = Self.bytesPerTurn
        while allowance > 0, input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes(let count):
                allowance -= count
                input.consume(input.count)
            case .end, .failed: return
            case .wouldBlock:
                if await waiter.wait(until: deadline) == .expired { return }
            }
        }
    }
}
