internal import Bytes

/// What a body decoder found in its input.
package enum BodyEvent: Equatable, Sendable {
    /// Nothing but framing: `consumed` bytes are done with, and more must arrive.
    case needMore(consumed: Int)
    /// Body bytes, at these offsets of the input; `consumed` bytes are done with once they have been used.
    case data(Range<Int>, consumed: Int)
    /// The body is complete; the bytes behind `consumed` belong to the next message.
    case end(consumed: Int)
}

/// Finds the body in the bytes behind a head (RFC 9112 sections 6 and 7), however they are split.
package struct BodyDecoder: ~Copyable, Sendable {
    private enum State {
        /// So many bytes of a body of known length are to come.
        case length(Int)
        case untilClose
        case chunkSize
        /// Behind a chunk size: in extensions, or before the LF.
        case chunkExtension, chunkLineFeed
        /// So many bytes of the chunk are to come.
        case chunkData(Int)
        case chunkEnd, chunkEndLineFeed
        case trailers
        case complete
    }

    private var state: State
    private let limits: MessageLimits
    private var maximumSize: Int?
    private var chunk = ChunkLine()
    private var extensionBytes = 0
    private var trailerBytes: [UInt8] = []
    private var trailerParser: FieldSectionParser

    /// How many bytes of body data there were so far.
    package private(set) var size = 0

    /// The trailer fields of a complete body that may be passed on: none about framing, routing or authentication, and
    /// none that the gateway manages.
    package private(set) var trailers = Fields()

    /// - Parameters:
    ///   - framing: how the end of the body is found.
    ///   - limits: how large chunk lines and the trailer section may be.
    ///   - maximumSize: the largest body in bytes, or nil.
    package init(framing: BodyFraming, limits: MessageLimits, maximumSize: Int? = nil) {
        self.limits = limits
        self.maximumSize = maximumSize
        trailerParser = FieldSectionParser(maximumSize: limits.trailerSection, maximumCount: limits.fieldCount)
        state = Self.firstState(framing)
    }

    /// Makes ready for another body and keeps the storage.
    ///
    /// - Parameters:
    ///   - framing: how the end of the body is found.
    ///   - maximumSize: the largest body in bytes, or nil.
    package mutating func begin(_ framing: BodyFraming, maximumSize: Int? = nil) {
        self.maximumSize = maximumSize
        state = Self.firstState(framing)
        size = 0
        // Whatever the framing: those of another message must never be taken for this one's.
        if !trailers.isEmpty { trailers.removeAll() }
        guard case .chunked = framing else { return }
        chunk = ChunkLine()
        extensionBytes = 0
        trailerBytes.removeAll(keepingCapacity: true)
        trailerParser.begin(at: 0)
    }

    private static func firstState(_ framing: BodyFraming) -> State {
        switch framing {
        case .none, .length(0): .complete
        case .length(let length): .length(length)
        case .chunked: .chunkSize
        case .untilClose: .untilClose
        }
    }

    /// Whether the whole body has been seen.
    package var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// Looks at the next bytes.
    ///
    /// - Parameter input: bytes that no earlier call has consumed.
    /// - Returns: what is at the front of them.
    /// - Throws: `ParseError` if the framing is malformed or a limit is passed.
    package mutating func next(_ input: Span<UInt8>) throws(ParseError) -> BodyEvent {
        var index = 0
        while true {
            switch state {
            case .complete: return .end(consumed: index)
            case .length(let rest):
                guard input.count > 0 else { return .needMore(consumed: 0) }
                let taken = min(rest, input.count)
                state = taken == rest ? .complete : .length(rest - taken)
                try count(taken)
                return .data(0..<taken, consumed: taken)
            case .untilClose:
                guard input.count > 0 else { return .needMore(consumed: 0) }
                try count(input.count)
                return .data(0..<input.count, consumed: input.count)
            case .chunkData(let rest):
                guard index < input.count else { return .needMore(consumed: index) }
                let taken = min(rest, input.count - index)
                state = taken == rest ? .chunkEnd : .chunkData(rest - taken)
                try count(taken)
                return .data(index..<index + taken, consumed: index + taken)
            case .trailers:
                guard index < input.count else { return .needMore(consumed: index) }
                index = try takeTrailers(input, from: index)
            case .chunkSize, .chunkExtension, .chunkLineFeed, .chunkEnd, .chunkEndLineFeed:
                guard index < input.count else { return .needMore(consumed: index) }
                try takeFraming(input[index])
                index += 1
            }
        }
    }

    /// Says that the connection has ended.
    ///
    /// - Throws: `ParseError.incompleteBody` unless the body ends with it, or had ended before.
    package mutating func end() throws(ParseError) {
        switch state {
        case .untilClose: state = .complete
        case .complete: break
        default: throw .incompleteBody
        }
    }

    private mutating func count(_ bytes: Int) throws(ParseError) {
        size += bytes
        if let maximumSize, size > maximumSize { throw .bodyTooLarge }
    }

    // MARK: Chunks

    /// Takes a byte that belongs to the framing of chunks (RFC 9112 section 7.1).
    private mutating func takeFraming(_ byte: UInt8) throws(ParseError) {
        switch state {
        case .chunkSize, .chunkExtension:
            try takeChunkLine(byte)
        case .chunkLineFeed:
            guard byte == .lineFeed else { throw .bareCarriageReturn }
            if chunk.size == 0 {
                state = .trailers
            } else {
                if let maximumSize, chunk.size > maximumSize - size { throw .bodyTooLarge }
                state = .chunkData(chunk.size)
            }
            chunk = ChunkLine()
        case .chunkEnd:
            guard byte == .carriageReturn else { throw .missingChunkEnd }
            state = .chunkEndLineFeed
        case .chunkEndLineFeed:
            guard byte == .lineFeed else { throw .missingChunkEnd }
            state = .chunkSize
        case .length, .untilClose, .chunkData, .trailers, .complete:
            break
        }
    }

    /// Takes a byte of the line `chunk-size [ chunk-ext ] CRLF` before its LF.
    private mutating func takeChunkLine(_ byte: UInt8) throws(ParseError) {
        chunk.length += 1
        if chunk.length > limits.chunkLine { throw .chunkExtensionsTooLarge }
        if case .chunkExtension = state {
            if byte == .carriageReturn {
                guard chunk.syntax.mayEnd else { throw .invalidChunkExtension }
                state = .chunkLineFeed
                return
            }
            if byte == .lineFeed { throw .bareLineFeed }
            guard chunk.syntax.take(byte) else { throw .invalidChunkExtension }
            extensionBytes += 1
            if extensionBytes > limits.chunkExtensions + size { throw .chunkExtensionsTooLarge }
            return
        }
        if let digit = byte.hexadecimalValue, !chunk.hasWhitespace {
            // Sixty bits: a body of an exabyte.
            if chunk.size >> 56 != 0 { throw .chunkTooLarge }
            chunk.size = chunk.size << 4 | Int(digit)
            chunk.hasDigits = true
            return
        }
        guard chunk.hasDigits else { throw .invalidChunkSize }
        switch byte {
        // Whitespace may stand before the semicolon of an extension, not before the end of the line.
        case .space, .tab: chunk.hasWhitespace = true
        case .carriageReturn where !chunk.hasWhitespace: state = .chunkLineFeed
        case UInt8(ascii: ";"): state = .chunkExtension
        case .lineFeed: throw .bareLineFeed
        default: throw .invalidChunkSize
        }
    }

    // MARK: Trailers

    /// Takes bytes of the trailer section, line by line.
    ///
    /// - Returns: where in the input to go on.
    private mutating func takeTrailers(_ input: Span<UInt8>, from start: Int) throws(ParseError) -> Int {
        let lineFeed = input.firstIndex(of: .lineFeed, from: start)
        let end = lineFeed.map { $0 + 1 } ?? input.count
        trailerBytes.append(input.extracting(start..<end))
        let section = trailerBytes
        do {
            if try trailerParser.parse(section.span, into: &trailers) != nil {
                state = .complete
                trailers = trailers.passableTrailers()
            }
        } catch {
            throw error == .headTooLarge || error == .tooManyFields ? .trailersTooLarge : error
        }
        return end
    }
}

/// The line of a chunk's size, as far as it has been read.
private struct ChunkLine {
    var size = 0
    var hasDigits = false
    var hasWhitespace = false
    var length = 0
    var syntax = ChunkExtensionSyntax()
}
