import Bytes
import HTTP
import HTTP2
import Transport

/// Moves one body from where it comes from to where it goes, re-framed, without ever holding more than a block of it: a
/// sink that takes nothing stops the reads from the source.
struct BodyPump: ~Copyable {
    /// What goes to the sink: the head that the caller put there, and the body behind it.
    var output = OutputBuffer()
    /// Bytes of content taken from the source so far, without framing.
    private(set) var received = 0
    /// Whether all that the source has to say is decoded; it may not be written yet.
    private(set) var isSourceDone = true
    private var decoder: BodyDecoder
    private var form = BodyForm.plain
    private var trailerRules = ForwardingRules()
    /// The stream whose content the body is; nil for a body that is framed as in HTTP/1.1.
    private var source: HTTP2Stream?
    /// How much content the stream's message announced.
    private var announced: Int?
    /// Whether a sink that must be told of the end still has to be.
    private var owesEnd = false
    private var isEmpty = true
    /// All content so far, as long as that is not too much to be sent again.
    private var replay: [UInt8] = []
    private var keepsReplay = false
    /// The frames of a WebSocket; nil for any other body.
    private(set) var frames: FramePassage?

    /// Content up to this many bytes is joined with what waits already; more is written straight from its buffer.
    private static let joinedLength = 16 * 1024
    /// How much of a body is kept for a second upstream, in case the first has not looked at it.
    private static let replayLimit = 16 * 1024
    /// What one turn of the loop may move (security.md, rule 21).
    private static let bytesPerTurn = 256 * 1024

    enum Step: Equatable {
        /// Everything is decoded and written.
        case finished
        /// The source has nothing to read now.
        case waitsForSource
        /// The sink takes nothing now.
        case waitsForSink
        /// More could be moved, but others want their turn.
        case yields
    }

    enum Failure: Error {
        case sourceEnded
        case sourceFailed(SocketError)
        case sinkFailed(SocketError)
        case malformed(ParseError)
    }

    init(limits: MessageLimits) {
        decoder = BodyDecoder(framing: .none, limits: limits)
    }

    /// Starts a body.
    ///
    /// - Parameters:
    ///   - framing: how its end is found.
    ///   - source: the stream whose content it is; nil for a body that is framed as in HTTP/1.1.
    ///   - form: in which form the sink gets it.
    ///   - maximumSize: the most content allowed, in bytes; nil for any.
    ///   - mayBeRefused: whether content is kept for `sendAgain`, as far as there is little of it.
    ///   - rules: which trailers cross.
    mutating func begin(
        _ framing: BodyFraming, of source: HTTP2Stream?, as form: BodyForm = .plain, maximumSize: Int? = nil,
        mayBeRefused: Bool = false,
        trailers rules: @autoclosure () -> ForwardingRules = ForwardingRules()
    ) {
        isEmpty = framing.isEmpty
        isSourceDone = isEmpty
        keepsReplay = mayBeRefused
        self.source = source
        if source != nil, !isSourceDone {
            // The end of the stream is the end of the body, which must not differ from what was announced.
            announced = if case .length(let length) = framing { length } else { nil }
            decoder.begin(.untilClose, maximumSize: maximumSize)
        } else {
            announced = nil
            decoder.begin(framing, maximumSize: maximumSize)
        }
        self.form = form
        switch form {
        case .plain: owesEnd = false
        case .chunks: trailerRules = rules()
        case .content:
            trailerRules = rules()
            owesEnd = !isEmpty
        }
    }

    /// Starts one direction of a WebSocket.
    ///
    /// - Parameters:
    ///   - source: the stream that the bytes come from; nil for a connection.
    ///   - sink: the stream that they go to; nil for a connection.
    mutating func beginFrames(of source: HTTP2Stream?, to sink: HTTP2Stream?) {
        begin(.untilClose, of: source, as: sink.map { .content($0) } ?? .plain)
        frames = FramePassage()
    }

    /// Lets the frame under way be the last of its sender, and a Close frame follow it, if that was none.
    mutating func endFrames(with close: [UInt8]) {
        frames?.end(with: close)
        if let close = frames?.takeClose() { output.bytes += close }
    }

    /// Ends the body at what was taken of it so far, if its form has a way to say so.
    ///
    /// - Parameter trailers: field lines, which a sink that is told of its end gets with it.
    /// - Returns: whether it has.
    mutating func endEarly(trailers: [UInt8]) -> Bool {
        switch form {
        case .plain: return false
        case .chunks:
            output.bytes.append("0\r\n")
            output.bytes += trailers
            output.bytes.append("\r\n")
        case .content: owesEnd = false
        }
        isSourceDone = true
        return true
    }

    /// Gives storage back that is not needed for as long as nothing is to be moved.
    mutating func releaseStorage() {
        if output.isEmpty { output.bytes = [] }
    }

    /// Whether all content that went to the sink can be sent to another.
    var canBeSentAgain: Bool { received == 0 || keepsReplay }

    /// Starts the body anew, behind what the caller has put into the output: what was sent is sent again.
    ///
    /// - Parameter form: in which form the new sink gets it, which is of the kind of the first.
    mutating func sendAgain(as form: BodyForm) {
        output.bytes += replay
        self.form = form
        if case .content = form { owesEnd = !isEmpty }
    }

    /// Takes what has arrived of the body, for the gateway itself.
    ///
    /// - Parameters:
    ///   - input: what was received.
    ///   - content: receives the body without its framing.
    /// - Returns: whether that was all.
    /// - Throws: what is malformed, or beyond the size that the body was begun with.
    mutating func collect(_ input: inout ByteBuffer, into content: inout [UInt8]) throws(ParseError) -> Bool {
        while !isSourceDone, !input.isEmpty {
            switch try decoder.next(input.span) {
            case .needMore(let consumed):
                input.consume(consumed)
                if !input.isEmpty { return false }
            case .data(let range, let consumed):
                content.append(input.span.extracting(range))
                input.consume(consumed)
            case .end(let consumed): input.consume(consumed)
            }
            received = decoder.size
            isSourceDone = decoder.isComplete
        }
        return isSourceDone
    }

    /// Takes the end of the source for that of the body, if it may be.
    ///
    /// - Returns: whether it is.
    mutating func endSource() -> Bool {
        guard announced ?? received == received, (try? decoder.end()) != nil else { return false }
        isSourceDone = true
        return true
    }

    /// Consumes what is left of the body as far as it has arrived, for nobody.
    ///
    /// - Returns: whether that was all: then what follows is the next message.
    mutating func discard(_ input: inout ByteBuffer) -> Bool {
        while !isSourceDone, !input.isEmpty, let event = try? decoder.next(input.span) {
            switch event {
            case .needMore(let consumed), .data(_, let consumed), .end(let consumed): input.consume(consumed)
            }
            isSourceDone = decoder.isComplete
        }
        return isSourceDone
    }

    /// Forgets everything, but keeps storage for the next body.
    mutating func reset() {
        output.restart()
        received = 0
        isSourceDone = true
        source = nil
        form = .plain
        owesEnd = false
        keepsReplay = false
        if !replay.isEmpty { replay = [] }
        frames = nil
    }

    /// Moves what can be moved now.
    ///
    /// - Parameters:
    ///   - source: where the body comes from.
    ///   - input: what was read from `source` and not consumed yet.
    ///   - blocks: where `input` gets its storage.
    ///   - sink: where the body goes.
    /// - Returns: why nothing more can be moved now.
    /// - Throws: `Failure`: which side ended or failed, or what is malformed.
    mutating func advance(
        from source: any ByteStream, _ input: inout ByteBuffer, _ blocks: BlockPool, to sink: any ByteStream
    ) throws(Failure) -> Step {
        var moved = 0
        while true {
            try decode(&input, to: sink)
            switch output.flush(to: sink) {
            case .done: break
            case .wouldBlock: return .waitsForSink
            case .failed(let error): throw .sinkFailed(error)
            }
            if isSourceDone {
                try endSink()
                return .finished
            }
            guard moved < Self.bytesPerTurn else { return .yields }
            guard input.reserve(from: blocks) else { continue }
            switch source.read(into: &input) {
            case .bytes(let count): moved += count
            case .wouldBlock: return .waitsForSource
            case .end:
                guard endSource() else { throw .sourceEnded }
                try finishSource()
            case .failed(let error): throw .sourceFailed(error)
            }
        }
    }

    /// Decodes all of `input` that belongs to the body into `output`, or straight into `sink` if it is long.
    private mutating func decode(_ input: inout ByteBuffer, to sink: any ByteStream) throws(Failure) {
        while !isSourceDone && !input.isEmpty {
            let event: BodyEvent
            do throws(ParseError) {
                event = try decoder.next(input.span)
            } catch {
                throw .malformed(error)
            }
            switch event {
            case .needMore(let consumed):
                input.consume(consumed)
                if !input.isEmpty { return }
            case .data(let content, let consumed):
                received = decoder.size
                // The decoder has gone on, also where the sink has failed.
                defer { input.consume(consumed) }
                try pass(input.span.extracting(content), to: sink)
            case .end(let consumed):
                input.consume(consumed)
            }
            if decoder.isComplete { try finishSource() }
        }
    }

    private mutating func finishSource() throws(Failure) {
        isSourceDone = true
        guard case .chunks = form else { return }
        output.bytes.appendLastChunk(trailers: try trailers(), by: trailerRules)
    }

    /// Tells a sink that has to be told that the body is complete, after all of it was written.
    private mutating func endSink() throws(Failure) {
        guard owesEnd, case .content(let stream) = form else { return }
        owesEnd = false
        var lines: [UInt8] = []
        trailerRules.appendTrailerLines(try trailers(), to: &lines)
        stream.finish(trailers: lines.span)
    }

    /// The trailers of a body whose end has come.
    func trailers() throws(Failure) -> Fields {
        guard let source else { return decoder.trailers.passableTrailers() }
        do throws(ParseError) {
            try source.trailers.checkForm()
        } catch {
            throw .malformed(error)
        }
        return source.trailers.passableTrailers()
    }

    private mutating func keep(_ content: Span<UInt8>) {
        keepsReplay = received <= Self.replayLimit
        if keepsReplay { replay.append(content) } else { replay = [] }
    }

    private mutating func pass(_ content: Span<UInt8>, to sink: any ByteStream) throws(Failure) {
        if keepsReplay { keep(content) }
        if case .chunks = form {
            output.bytes.appendChunkHeader(size: content.count)
            output.bytes.append(content)
            output.bytes.append("\r\n")
            return
        }
        guard frames != nil else { return try write(content, to: sink) }
        let passing = frames?.pass(content) ?? 0
        try write(content.extracting(..<passing), to: sink)
        if let close = frames?.takeClose() { output.bytes += close }
    }

    private mutating func write(_ content: Span<UInt8>, to sink: any ByteStream) throws(Failure) {
        var start = 0
        if content.count >= Self.joinedLength, output.isEmpty {
            switch sink.write(content) {
            case .bytes(let count):
                start = count
                output.countDirectWrite(count)
            case .wouldBlock: break
            case .failed(let error): throw .sinkFailed(error)
            }
        }
        output.bytes.append(content.extracting(start..<content.count))
    }
}
