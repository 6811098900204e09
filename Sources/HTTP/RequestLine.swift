/// Finds the three words of a request line (RFC 9112 section 3) while it arrives, and refuses it as soon as it cannot become
/// one any more. Every byte is looked at once.
///
/// More than one space between the words is taken as one, as section 3 allows; what is sent on has one.
struct RequestLine: Sendable {
    private enum Stage {
        case method, spaceBeforeTarget, target, spaceBeforeVersion, version
    }

    private var stage = Stage.method
    private var position: Int
    private let start: Int
    private var methodEnd = 0
    private var targetStart = 0
    private var targetEnd = 0
    private var versionStart = 0

    /// No method that is in use is longer.
    static let maximumMethodLength = 64
    private static let versionLength = 8

    /// - Parameter start: where the line begins in the input.
    init(at start: Int) {
        self.start = start
        position = start
    }

    var method: Range<Int> { start..<methodEnd }
    var target: Range<Int> { targetStart..<targetEnd }
    var version: Range<Int> { versionStart..<position }

    /// Whether the method is complete.
    var hasMethod: Bool { stage != .method }

    /// Whether all three words are there; the last is checked when the line ends.
    var hasVersion: Bool { stage == .version }

    /// Looks at more of the line.
    ///
    /// - Parameters:
    ///   - input: the bytes with the line in them.
    ///   - end: up to where bytes of the line have arrived, without its CRLF.
    /// - Throws: `ParseError` if this cannot be the beginning of a request line.
    mutating func advance(_ input: Span<UInt8>, to end: Int) throws(ParseError) {
        if stage == .method { try advanceMethod(input, to: end) }
        if stage == .spaceBeforeTarget {
            skipSpaces(input, to: end)
            if position < end {
                targetStart = position
                stage = .target
            }
        }
        if stage == .target {
            while position < end, input[position] != .space { position &+= 1 }
            if position < end {
                targetEnd = position
                stage = .spaceBeforeVersion
            }
        }
        if stage == .spaceBeforeVersion {
            skipSpaces(input, to: end)
            if position < end {
                versionStart = position
                stage = .version
            }
        }
        if stage == .version { try advanceVersion(input, to: end) }
    }

    private mutating func skipSpaces(_ input: Span<UInt8>, to end: Int) {
        while position < end, input[position] == .space { position &+= 1 }
    }

    private mutating func advanceMethod(_ input: Span<UInt8>, to end: Int) throws(ParseError) {
        let methodCharacters = CharacterSet128.methodCharacter
        while position < end, methodCharacters.contains(input[position]) { position &+= 1 }
        if position - start > Self.maximumMethodLength { throw .methodTooLong }
        guard position < end else { return }
        guard position > start, input[position] == .space else { throw .invalidMethod }
        methodEnd = position
        stage = .spaceBeforeTarget
    }

    /// Compares with `HTTP/`, a digit, a dot and a digit.
    private mutating func advanceVersion(_ input: Span<UInt8>, to end: Int) throws(ParseError) {
        let pattern: InlineArray<8, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2F, 0x30, 0x2E, 0x30]
        while position < end {
            let index = position - versionStart
            guard index < Self.versionLength else { throw .malformedVersion }
            let byte = input[position]
            guard byte == pattern[index] || pattern[index] == UInt8(ascii: "0") && byte.isDigit else {
                throw .malformedVersion
            }
            if index == 5, byte != UInt8(ascii: "1") { throw .unsupportedVersion }
            position &+= 1
        }
    }
}
