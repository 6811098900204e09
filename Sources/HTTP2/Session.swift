internal import Bytes
internal import HTTP
package import Transport

/// One side of an HTTP/2 connection (RFC 9113), without the connection: bytes go in and out.
///
/// Calls belong to one event loop. After `receive`, output is to be collected whether or not the waiter was woken.
/// `connectionLost` must be the last call: streams and session refer to each other until then.
package class Session {
    /// Whom to wake when there is something to write.
    package final var waiter: Waiter?
    /// Why this side ended the connection; nil if it did not.
    package internal(set) final var fault: SessionFault?
    let limits: SessionLimits
    let native: NativeSession
    /// The streams that nghttp2 knows.
    final var streams: [HTTP2Stream] = []
    /// Where heads and content wait.
    let storage: StreamStorage
    /// The head that is arriving; no other can begin before it is complete (RFC 9113 section 4.3).
    final var arriving: ArrivedHead?
    /// Its size, in the bytes that HTTP/1.1 would take.
    private final var headSize = 0
    /// The same without its pseudo-fields.
    private final var fieldSize = 0
    /// Used by all streams, one after the other.
    final var fields = FieldBlock()
    /// What `appendOutput` fills.
    final var output: [UInt8] = []
    /// Whether the waiter knows that there is output, or will look.
    private final var isOutputNoted = false
    private final let isServer: Bool
    /// Whether nghttp2 can read no more.
    private final var isBroken = false
    private final var isLost = false
    /// As of the last call of `receive`.
    private final var now = Instant(nanoseconds: 0)
    /// How many bytes have arrived that belong to no frame that nghttp2 has told of: it passes over those that it does not
    /// know. Negative in the middle of a frame.
    private final var unseenBytes = 0
    /// For frames that give nothing to do: many hundreds at once, and again and again, are nothing unusual.
    private final var frameBudget = CostBudget(capacity: 2000, perSecond: 500)
    /// For requests that are reset, by either side, after they have cost this side something. nghttp2 lets a thousand pass,
    /// and counts only what the client resets.
    private final var resetBudget = CostBudget(capacity: 400, perSecond: 100)
    /// Whether no stream may begin any more.
    private(set) final var isShuttingDown = false
    /// Whether the other side's settings have arrived.
    package private(set) final var hasRemoteSettings = false

    init(isServer: Bool, limits: SessionLimits, storage: StreamStorage) throws(HTTP2Error) {
        self.limits = limits
        self.storage = storage
        self.isServer = isServer
        native = try NativeSession(isServer: isServer)
        native.attach(to: self)
        native.submitSettings(SessionSettings.entries(isServer: isServer, limits: limits))
        native.setConnectionWindow(limits.connectionWindow)
    }

    // MARK: Bytes

    /// Takes what has arrived.
    ///
    /// - Parameters:
    ///   - bytes: what follows the bytes of the last call.
    ///   - now: the time, which the bounds of what costs more than it should are counted by.
    package final func receive(_ bytes: Span<UInt8>, at now: Instant) {
        guard !isBroken, !isLost else { return }
        isOutputNoted = true
        self.now = now
        unseenBytes += bytes.count
        let code = native.receive(bytes)
        if code < 0 { end(NativeSession.fault(of: code)) }
        // Whoever does not read what is sent must not make more and more of it wait.
        if native.outputQueueSize > 1000 + 4 * limits.concurrentStreams { end(.tooCostly) }
        if unseenBytes >= Self.unseenBytesPerCost {
            let cost = unseenBytes / Self.unseenBytesPerCost
            unseenBytes %= Self.unseenBytesPerCost
            if !frameBudget.spend(cost, at: now) { end(.tooCostly) }
        }
    }

    /// So many bytes of frames that mean nothing cost as much as a frame without use.
    private static let unseenBytesPerCost = 16

    /// Ends the connection for a fault of the other side, and says so as far as it speaks HTTP/2.
    private final func end(_ reason: SessionFault) {
        isBroken = true
        guard fault == nil else { return }
        fault = reason
        switch reason {
        case .notHTTP2: break
        case .tooCostly, .tooManyResets: native.terminate(.enhanceYourCalm)
        case .violation(let code): native.terminate(code)
        case .noResources: native.terminate(.internalError)
        }
    }

    /// Appends what is to be written, of all streams.
    ///
    /// - Parameters:
    ///   - output: what to append to.
    ///   - limit: stops when `output` is at least this long, in bytes.
    package final func appendOutput(to output: inout [UInt8], upTo limit: Int) {
        swap(&output, &self.output)
        var mayHaveMore = !isLost
        while mayHaveMore, self.output.count < limit { mayHaveMore = native.collect(into: self) }
        isOutputNoted = mayHaveMore
        swap(&output, &self.output)
    }

    /// Whether there is something to write.
    package final var wantsToWrite: Bool { !isLost && native.wantsToWrite }
    /// Whether nothing more is to be read or written: the connection can be closed once all output is written.
    package final var isOver: Bool { isLost || !native.wantsToWrite && isReadingOver }
    /// Whether nothing more is to be read.
    final var isReadingOver: Bool { isBroken || !native.wantsToRead }
    /// Whether requests can still be sent.
    final var canOpen: Bool { !isLost && !isShuttingDown && native.allowsRequests }
    /// How many streams are open.
    package final var openStreams: Int { streams.count }
    /// Whether the other side is in the middle of a head, which must not take for ever.
    package internal(set) final var isInsideHead = false

    /// How many heads have begun.
    private(set) final var headCount = 0

    /// Says that there is something to write.
    final func noteOutput() {
        guard !isOutputNoted else { return }
        isOutputNoted = true
        waiter?.wake()
    }

    /// Asks whether the other side is there (RFC 9113 section 6.7).
    package final func ping() {
        guard isPingAnswered, !isLost else { return }
        isPingAnswered = false
        native.submitPing()
        noteOutput()
    }

    /// Whether the last `ping` has been answered.
    package private(set) final var isPingAnswered = true
    /// Whether a head or content has arrived since the last ping was answered.
    private(set) final var hasStreamProgressed = false

    // MARK: The end

    /// Says that no stream will be accepted or opened any more (GOAWAY, RFC 9113 section 6.8), and that those under way go on.
    /// Whoever has heard it may have sent streams before; `finishShutdown` ends that.
    package final func beginShutdown() {
        guard !isLost, !isShuttingDown else { return }
        isShuttingDown = true
        native.submitShutdownNotice()
        noteOutput()
    }

    /// Says which streams were the last; called about a round trip after `beginShutdown`.
    package final func finishShutdown() {
        guard !isLost else { return }
        native.submitGoaway()
        noteOutput()
    }

    /// Says that the connection is lost: no stream goes on.
    package final func connectionLost() {
        isLost = true
        isInsideHead = false
        for stream in streams {
            native.bind(stream.id, to: nil)
            stream.endWithConnection()
        }
        streams.removeAll()
    }

    // MARK: Streams

    /// Keeps a stream for as long as nghttp2 knows it.
    final func keep(_ stream: HTTP2Stream) {
        stream.place = streams.count
        streams.append(stream)
    }

    /// Wakes whoever waits for one of the streams.
    package final func wakeStreams() {
        for stream in streams { stream.waiter?.wake() }
    }

    private final func release(_ stream: HTTP2Stream) {
        let last = streams.removeLast()
        guard last !== stream else { return }
        last.place = stream.place
        streams[stream.place] = last
    }

    /// Resets streams whose exchange has ended, but whose content the other side does not take.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - timeout: for how long it may take nothing.
    final func resetStalled(at now: Instant, after timeout: Nanoseconds) {
        for stream in streams where stream.hasStalled(at: now, after: timeout) { reset(stream.id, .cancel) }
    }

    /// An exchange has no use for its stream any more.
    func exchangeEnded() {}

    final func reset(_ id: Int32, _ code: ErrorCode) {
        native.reset(id, code)
        noteOutput()
    }

    /// Lets the other side send more, in place of content that has been read or has no reader.
    final func consume(_ count: Int, of id: Int32) {
        guard count > 0, !isLost else { return }
        native.consume(count, of: id)
        if native.wantsToWrite { noteOutput() }
    }

    // MARK: What nghttp2 tells

    /// Decides whether a frame is looked at.
    ///
    /// - Returns: a code of nghttp2, 0 to go on.
    final func frameBegins(_ frame: FrameCost) -> Int32 {
        unseenBytes -= frame.size
        if !frame.isHead { isInsideHead = false }
        if frame.isReset, !countReset() { return SessionCallbacks.sessionFailed }
        if frame.cost <= 0 {
            frameBudget.earn(-frame.cost)
        } else if !frameBudget.spend(frame.cost, at: now) {
            end(.tooCostly)
            return SessionCallbacks.sessionFailed
        }
        return 0
    }

    /// Counts a request that has come to nothing; a server that resets what it was asked for costs nothing.
    ///
    /// - Returns: false if there were too many.
    @discardableResult
    private final func countReset() -> Bool {
        guard countsResets, !resetBudget.spend(1, at: now) else { return true }
        end(.tooManyResets)
        return false
    }

    /// Whether the other side can make this one work by what it resets.
    var countsResets: Bool { true }

    /// Decides whether a head is taken.
    ///
    /// - Returns: a code of nghttp2, 0 to go on.
    final func headBegins(_ id: Int32, isRequest: Bool) -> Int32 {
        let begun = arriving ?? storage.takeHead()
        begun.head.reset()
        arriving = begun
        headSize = 0
        fieldSize = 0
        isInsideHead = true
        headCount &+= 1
        guard isRequest, !acceptsRequests else { return 0 }
        native.reset(id, .refusedStream)
        return SessionCallbacks.streamFailed
    }

    /// Whether the next request becomes a stream.
    var acceptsRequests: Bool { true }

    final func fieldArrived(_ id: Int32, name: Span<UInt8>, value: Span<UInt8>) -> Int32 {
        guard let arriving else { return 0 }
        let size = name.count + value.count + 4
        headSize += size
        // Nobody sends so much who could be helped by an answer.
        guard headSize <= 4 * limits.messages.fieldSection else { return giveUpHead(of: id) }
        if name.count > 0, name[0] == UInt8(ascii: ":") {
            arriving.head.set(pseudo: name, value)
        } else if !arriving.head.isTooLarge, fieldSize + size <= limits.messages.fieldSection,
            arriving.head.fields.count < limits.messages.fieldCount
        {
            fieldSize += size
            arriving.head.fields.append(name: name, value: value)
        } else {
            // Trailers come too late for an answer that says so, and must not cross in part.
            if native.stream(id)?.expectsTrailers == true { return giveUpHead(of: id) }
            arriving.head.isTooLarge = true
        }
        return 0
    }

    private final func giveUpHead(of id: Int32) -> Int32 {
        arriving?.head.isTooLarge = true
        endHead { malformedHeadArrived(id) }
        native.reset(id, .enhanceYourCalm)
        return SessionCallbacks.streamFailed
    }

    final func contentArrived(_ id: Int32, _ bytes: Span<UInt8>) {
        if let stream = native.stream(id), stream.takesContent {
            stream.receive(bytes)
        } else {
            native.consume(bytes.count, of: id)
        }
    }

    final func frameArrived(_ event: FrameEvent) {
        switch event.kind {
        case .head:
            hasStreamProgressed = true
            arriving?.head.isComplete = event.endsStream
            endHead { headArrived(event.stream) }
            if event.endsStream { native.stream(event.stream)?.remoteEnded() }
        case .data:
            hasStreamProgressed = true
            if event.endsStream { native.stream(event.stream)?.remoteEnded() }
        case .reset(let code): native.stream(event.stream)?.resetCode = code
        case .settings(isAcknowledgement: false):
            hasRemoteSettings = true
            roomMayHaveGrown()
        case .ping(isAcknowledgement: true):
            isPingAnswered = true
            hasStreamProgressed = false
        case .settings, .ping, .goaway, .none: break
        }
    }

    /// A stream has ended, or the other side has said how many there may be.
    func roomMayHaveGrown() {}
    /// Takes the head that was arriving: of a request, of a response, or trailers.
    func headArrived(_ id: Int32) {}
    /// Takes what there is of a malformed head.
    func malformedHeadArrived(_ id: Int32) {}

    final func invalidFrameArrived(_ event: FrameEvent) {
        guard case .head = event.kind else { return }
        endHead { malformedHeadArrived(event.stream) }
    }

    /// Lets `body` take what has arrived of a head, and keeps the storage of what it leaves.
    private final func endHead(_ body: () -> Void) {
        isInsideHead = false
        body()
        guard let left = arriving else { return }
        arriving = nil
        storage.give(left)
    }

    final func frameSent(_ event: FrameEvent) {
        switch event.kind {
        case .head, .data:
            // Up to two WINDOW_UPDATEs answer a frame of content.
            if case .data = event.kind { frameBudget.earn(4) }
            guard event.endsStream, let stream = native.stream(event.stream) else { return }
            // The other side need not send the rest of a request that was answered (RFC 9113 section 8.1).
            if stream.localEnded() { native.reset(event.stream, .noError) }
        case .reset:
            // Resets for a fault of the other side count as its own do; those of exchanges are not its doing, and content may
            // be under way to them, as much as the windows let through, which nghttp2 passes over.
            if native.stream(event.stream)?.takesContent != false {
                countReset()
            } else {
                unseenBytes = max(unseenBytes - limits.streamWindow, -limits.connectionWindow)
            }
        case .goaway(let code): if code != .noError, fault == nil { fault = .violation(code) }
        default: break
        }
    }

    final func frameNotSent(_ event: FrameEvent) {
        guard case .head = event.kind else { return }
        native.stream(event.stream)?.wasNeverSent = true
        // The other side must not wait for a response that will not come.
        if isServer { native.reset(event.stream, .internalError) }
    }

    final func streamEnded(_ id: Int32, _ code: ErrorCode) {
        guard let stream = native.stream(id) else { return }
        release(stream)
        let isAbandoned = countsResets && stream.resetCode != nil
        stream.end(code, isAbandoned: isAbandoned)
        roomMayHaveGrown()
        guard code == .noError, !isAbandoned else { return }
        frameBudget.earn(10)
        resetBudget.earn(1)
    }

    final func sendTrailers(of stream: HTTP2Stream) {
        let lines = stream.takeTrailerLines()
        fields.withTrailers(lines.span) { native.submitTrailers(stream.id, $0) }
    }
}
