internal import Bytes

/// Reads a field section line by line (RFC 9112 section 5) and remembers where it stopped.
struct FieldSectionParser: ~Copyable, Sendable {
    private let maximumSize: Int
    private let maximumCount: Int
    /// Where the section begins.
    private var sectionStart = 0
    /// Where the line begins that is not complete yet.
    private var lineStart = 0
    /// Up to where that line has been looked at.
    private var scanned = 0

    /// The lines so far; their bytes are copied when all have arrived, so nobody else sees them before.
    private var pending = Fields()

    /// The known names that occur more than once so far.
    var repeated: FieldNameSet { pending.repeated }

    init(maximumSize: Int, maximumCount: Int) {
        self.maximumSize = maximumSize
        self.maximumCount = maximumCount
    }

    /// Begins a section.
    ///
    /// - Parameter start: where it begins in the input that `parse` is given.
    mutating func begin(at start: Int) {
        sectionStart = start
        lineStart = start
        scanned = start
        pending.removeAll()
    }

    /// Reads as many lines as there are.
    ///
    /// - Parameters:
    ///   - input: the same bytes as in the last call and what has arrived since.
    ///   - fields: receives the lines when an end is returned.
    /// - Returns: where the bytes behind the empty line begin, or nil if it has not arrived yet.
    /// - Throws: `ParseError` for a line that is not `field-name ":" OWS field-value OWS CRLF`, or when a limit is passed.
    mutating func parse(_ input: Span<UInt8>, into fields: inout Fields) throws(ParseError) -> Int? {
        while true {
            if lineStart < input.count, input[lineStart].isWhitespace { throw .lineFolding }
            guard let end = try input.fieldLineEnd(from: lineStart, scanned: scanned) else {
                scanned = max(scanned, input.count - 1)
                if input.count - sectionStart > maximumSize { throw .headTooLarge }
                return nil
            }
            if end + 2 - sectionStart > maximumSize { throw .headTooLarge }
            if end == lineStart {
                pending.fill(input.extracting(sectionStart..<end))
                swap(&pending, &fields)
                return end + 2
            }
            if pending.count == maximumCount { throw .tooManyFields }
            pending.record(try line(in: input, end: end))
            lineStart = end + 2
            scanned = lineStart
        }
    }

    private func line(in input: Span<UInt8>, end: Int) throws(ParseError) -> FieldLine {
        guard let colon = input.firstIndex(of: UInt8(ascii: ":"), from: lineStart), colon < end else {
            throw .missingColon
        }
        guard colon > lineStart else { throw .emptyFieldName }
        if colon - lineStart > Int(UInt16.max) { throw .headTooLarge }
        let name = input.extracting(lineStart..<colon)
        let known = FieldName(name)
        var flags: FieldLine.Flags = []
        // A known name is a token without underscores.
        if known == nil {
            let tokenCharacters = CharacterSet128.token
            for index in name.indices {
                if name[index] == UInt8(ascii: "_") { flags = .underscore }
                guard tokenCharacters.contains(name[index]) else {
                    throw name[index].isWhitespace ? .whitespaceBeforeColon : .invalidFieldName
                }
            }
        }
        var value = input.trimmed(colon + 1..<end)
        // An empty value is written like any other, behind a colon and a space.
        if value.isEmpty { value = end..<end }
        if value.upperBound == end, value.lowerBound == colon + 2, input[colon + 1] == .space {
            flags.insert(.verbatim)
        }
        return FieldLine(
            name: lineStart - sectionStart..<colon - sectionStart,
            value: value.lowerBound - sectionStart..<value.upperBound - sectionStart,
            known: known, flags: flags)
    }
}

extension Span where Element == UInt8 {
    /// Looks for the CRLF of a line that has been looked at up to `start`.
    ///
    /// - Parameter start: where to go on.
    /// - Returns: where it lies, or nil if it has not arrived.
    /// - Throws: `ParseError` for any control character but a tab, and for CR or LF on its own.
    func lineEnd(from start: Int) throws(ParseError) -> Int? {
        guard let end = firstControlCharacter(from: start) else { return nil }
        switch self[end] {
        case .carriageReturn:
            guard end + 1 < count else { return nil }
            guard self[end + 1] == .lineFeed else { throw .bareCarriageReturn }
            return end
        case .lineFeed: throw .bareLineFeed
        default: throw .controlCharacter
        }
    }

    /// Looks for the CRLF of a field line.
    ///
    /// Control characters other than NUL, CR and LF can do no harm in a value (RFC 9110 section 5.5); in a name the
    /// line's own rules refuse them.
    ///
    /// - Parameters:
    ///   - lineStart: where the line begins.
    ///   - scanned: up to where an earlier call has looked, its last byte left out.
    /// - Returns: where the CRLF lies, or nil if it has not arrived.
    /// - Throws: `ParseError` for NUL, and for CR or LF on its own.
    func fieldLineEnd(from lineStart: Int, scanned: Int) throws(ParseError) -> Int? {
        let lineFeed = firstIndex(of: .lineFeed, from: scanned)
        let end = lineFeed ?? count
        // The last byte may be the CR before the LF, which is here or still to come.
        let line = extracting(scanned..<Swift.max(scanned, end - 1))
        if line.firstIndex(of: .carriageReturn) != nil { throw .bareCarriageReturn }
        if line.firstIndex(of: 0) != nil { throw .controlCharacter }
        guard let lineFeed else { return nil }
        guard lineFeed > lineStart, self[lineFeed - 1] == .carriageReturn else { throw .bareLineFeed }
        return lineFeed - 1
    }

    /// Whether the bytes are those of `lowercase`, which holds no upper-case letters, when ASCII case is ignored.
    func equalsIgnoringCase(lowercase: Span<UInt8>) -> Bool {
        guard count == lowercase.count else { return false }
        for index in indices where self[index].lowercasedASCII != lowercase[index] { return false }
        return true
    }
}
