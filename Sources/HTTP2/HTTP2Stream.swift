package import Bytes
package import HTTP
package import Transport

/// One exchange of messages on an HTTP/2 connection (RFC 9113 section 5).
///
/// Content is read and written as the bytes of any other stream, its end included; heads and trailers come and go apart.
/// Whoever uses a stream must close it.
package final class HTTP2Stream: ByteStream {
    package var waiter: Waiter?
    /// The stream's number.
    var id: Int32
    /// Where the session keeps it.
    var place = 0
    /// Nil once the stream is closed.
    private var session: Session?
    private let storage: StreamStorage
    private let pendingLimit: Int

    /// The head that is taken next.
    private var nextHead: ArrivedHead?
    /// Heads behind it: interim responses, and the final one behind them.
    private var laterHeads: [ArrivedHead] = []
    /// Whether a head was the last: what follows are trailers.
    private var hasFinalHead = false

    private var incoming = ContentQueue()
    private var hasRemoteEnded = false

    private var outgoing = ContentQueue()
    private var trailerLines: [UInt8] = []
    private var isFinished = false
    /// Whether nghttp2 waits to be told that there is content.
    private var isDeferred = false
    /// Whether a write was refused, so that the waiter is to be woken.
    private var isBlocked = false
    private var hasLocalEnded = false

    /// With what the other side reset the stream.
    var resetCode: ErrorCode?
    /// Whether the request could not be sent.
    var wasNeverSent = false
    /// Why the stream ended early; nil if it did not.
    package private(set) var failure: StreamFailure?
    /// Whether nghttp2 knows the stream no more.
    private var isGone = false
    private var isClosed = false
    /// Since when the other side takes nothing of what is left, as far as it was looked at.
    private var stalledSince = Instant.never

    init(id: Int32, session: Session) {
        self.id = id
        self.session = session
        storage = session.storage
        pendingLimit = session.limits.pendingContent
    }

    /// Says that the request is on its way.
    func begin(id: Int32, isComplete: Bool) {
        self.id = id
        isFinished = isComplete
    }

    deinit {
        guard let session else { return }
        session.consume(incoming.count, of: id)
        session.exchangeEnded()
    }

    // MARK: Heads

    /// Takes the next head that has arrived: of the request, or of interim and final responses.
    ///
    /// - Parameter head: receives it, and gives its storage for another.
    /// - Returns: whether there was one.
    package func takeHead(_ head: inout HeadFields) -> Bool {
        guard let next = nextHead else { return false }
        swap(&head, &next.head)
        nextHead = laterHeads.isEmpty ? nil : laterHeads.removeFirst()
        storage.give(next)
        return true
    }

    /// Sends the head of a response.
    ///
    /// - Parameters:
    ///   - status: the status code.
    ///   - lines: field lines, each with its CRLF, without fields for one connection only.
    ///   - isComplete: whether no content follows; else content is written, and `finish` called.
    package func respond(_ status: Int, lines: Span<UInt8>, isComplete: Bool) {
        guard let session, !isGone else { return }
        isFinished = isComplete
        session.fields.withResponse(status, lines: lines) { fields in
            session.native.respond(id, fields, source: isComplete ? nil : self)
        }
        session.noteOutput()
    }

    /// Sends the head of an interim response (RFC 9110 section 15.2).
    package func respondInterim(_ status: Int, lines: Span<UInt8>) {
        guard let session, !isGone else { return }
        session.fields.withResponse(status, lines: lines) { session.native.respondInterim(id, $0) }
        session.noteOutput()
    }

    /// Takes a head that has arrived.
    ///
    /// - Returns: false if too many wait.
    func receive(_ arrived: ArrivedHead, isFinal: Bool) -> Bool {
        hasFinalHead = isFinal
        if nextHead == nil {
            nextHead = arrived
        } else {
            guard laterHeads.count < Self.mostHeads else { return false }
            laterHeads.append(arrived)
        }
        waiter?.wake()
        return true
    }

    /// How many heads may wait behind the first.
    private static let mostHeads = 8

    // MARK: Content

    /// The trailer fields that have arrived, once `read` has returned the end.
    package private(set) var trailers = Fields()

    package func read(into buffer: inout ByteBuffer) -> ReadOutcome {
        if incoming.isEmpty {
            if isClosed { return .failed(.reset) }
            if hasRemoteEnded { return .end }
            return failure == nil ? .wouldBlock : .failed(.reset)
        }
        let count = incoming.move(to: &buffer, storage)
        session?.consume(count, of: id)
        return .bytes(count)
    }

    package func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        guard let session, !isGone, !isFinished else { return .failed(.reset) }
        let count = min(pendingLimit - outgoing.count, bytes.count)
        guard count > 0 || bytes.isEmpty else {
            isBlocked = true
            return .wouldBlock
        }
        outgoing.append(bytes.extracting(..<count), from: storage)
        if count < bytes.count { isBlocked = true }
        resume(session)
        return .bytes(count)
    }

    /// Ends the content that is written.
    ///
    /// - Parameter trailers: field lines, each with its CRLF; may be empty.
    package func finish(trailers: Span<UInt8>) {
        guard let session, !isGone, !isFinished else { return }
        isFinished = true
        if !trailers.isEmpty { trailerLines.append(trailers) }
        resume(session)
    }

    package func shutdownWriting() {
        let none: [UInt8] = []
        finish(trailers: none.span)
    }

    package var isQuiet: Bool { remoteState == .open && incoming.isEmpty && !hasRemoteEnded }

    private func resume(_ session: Session) {
        guard isDeferred else { return }
        isDeferred = false
        session.native.resume(id)
        session.noteOutput()
    }

    /// Whether content that arrives has a reader.
    var takesContent: Bool { !isClosed }

    func receive(_ bytes: Span<UInt8>) {
        incoming.append(bytes, from: storage)
        waiter?.wake()
    }

    func receiveTrailers(_ fields: inout Fields) {
        swap(&fields, &trailers)
    }

    /// Whether what follows the next head are trailers.
    var expectsTrailers: Bool { hasFinalHead }

    /// What the next frame takes of the content.
    struct NextContent {
        let count: Int
        let isLast: Bool
        let hasTrailers: Bool
    }

    /// - Returns: nil if there is nothing to send before more is written.
    func nextContent(upTo limit: Int) -> NextContent? {
        let count = min(limit, outgoing.count)
        let isLast = isFinished && count == outgoing.count
        guard count > 0 || isLast else {
            isDeferred = true
            return nil
        }
        return NextContent(count: count, isLast: isLast, hasTrailers: isLast && !trailerLines.isEmpty)
    }

    func takeContent(_ count: Int, into output: inout [UInt8]) {
        outgoing.move(count, to: &output, storage)
        stalledSince = .never
        guard isBlocked, outgoing.count <= pendingLimit / 2 else { return }
        isBlocked = false
        waiter?.wake()
    }

    /// The field lines that follow the content.
    func takeTrailerLines() -> [UInt8] {
        defer { trailerLines = [] }
        return trailerLines
    }

    // MARK: End

    /// `gone` if the stream was reset or its connection was lost, never `ended`: that content has ended is nothing unusual.
    package var remoteState: RemoteState { failure != nil || isClosed ? .gone : .open }

    /// Whether the other side said that it has done nothing with the request (RFC 9113 section 8.7): it can be sent again.
    package var wasRefused: Bool { failure == .refused }

    /// Ends what has not ended yet: with CANCEL, with NO_ERROR where all was answered, or with INTERNAL_ERROR if `abruptly`.
    package func close(abruptly: Bool) {
        guard let session, !isClosed else { return }
        isClosed = true
        waiter = nil
        self.session = nil
        if !incoming.isEmpty {
            session.consume(incoming.count, of: id)
            incoming.removeAll(storage)
        }
        session.exchangeEnded()
        guard !isGone else { return }
        if abruptly || !isFinished {
            session.reset(id, abruptly ? .internalError : .cancel)
        } else if hasLocalEnded, !hasRemoteEnded {
            session.reset(id, .noError)
        }
    }

    /// Whether the exchange has ended and the other side takes nothing of what is left.
    func hasStalled(at now: Instant, after timeout: Nanoseconds) -> Bool {
        guard isClosed else { return false }
        stalledSince = min(stalledSince, now)
        return stalledSince + timeout <= now
    }

    /// The other side has sent all.
    func remoteEnded() {
        hasRemoteEnded = true
        waiter?.wake()
    }

    /// All of this side was sent.
    ///
    /// - Returns: whether nobody waits for the rest of the other side's, which it should not send then.
    func localEnded() -> Bool {
        hasLocalEnded = true
        return isClosed && !hasRemoteEnded
    }

    /// nghttp2 knows the stream no more.
    ///
    /// - Parameters:
    ///   - code: why it ended.
    ///   - isAbandoned: whether the other side has reset what it asked for, with whatever code.
    func end(_ code: ErrorCode, isAbandoned: Bool) {
        isGone = true
        outgoing.removeAll(storage)
        if isAbandoned || !hasRemoteEnded || code != .noError {
            failure =
                wasNeverSent || code == .refusedStream
                ? .refused : resetCode.map { .reset($0) } ?? .malformed
        }
        finishEnd()
    }

    func endWithConnection() {
        isGone = true
        outgoing.removeAll(storage)
        if !hasRemoteEnded || !isFinished { failure = .connectionLost }
        finishEnd()
    }

    private func finishEnd() {
        if !hasRemoteEnded, !incoming.isEmpty {
            session?.consume(incoming.count, of: id)
            incoming.removeAll(storage)
        }
        waiter?.wake()
    }
}
