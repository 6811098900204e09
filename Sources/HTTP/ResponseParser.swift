internal import Bytes

/// Reads response heads from the bytes of a connection (RFC 9112 sections 2 to 6).
///
/// After an error the connection has no further use.
package struct ResponseParser: ~Copyable, Sendable {
    private let limits: MessageLimits
    private var section: FieldSectionParser
    /// Up to where the status line has been looked at.
    private var scanned = 0
    private var isInFields = false

    /// - Parameter limits: how large a head may be.
    package init(limits: MessageLimits) {
        self.limits = limits
        section = FieldSectionParser(maximumSize: limits.fieldSection, maximumCount: limits.fieldCount)
    }

    /// Makes ready for the next head.
    package mutating func reset() {
        scanned = 0
        isInFields = false
    }

    /// Reads a head.
    ///
    /// - Parameters:
    ///   - input: the bytes from the beginning of the head; in further calls, the same bytes and what has arrived since.
    ///   - requestMethod: the method of the request that is answered.
    ///   - response: receives the head; the same one in further calls. It is complete when a number is returned.
    /// - Returns: how many bytes the head takes up, or nil if it is not complete. The parser is then ready for the next
    ///   head.
    /// - Throws: `ParseError` if the head is malformed or exceeds a limit.
    package mutating func parse(
        _ input: Span<UInt8>, requestMethod: Method, into response: inout Response
    ) throws(ParseError) -> Int? {
        if !isInFields {
            if scanned == 0 { response.reset() }
            guard let end = try input.lineEnd(from: scanned) else {
                scanned = max(scanned, input.count - 1)
                try Self.checkPrefix(input)
                if input.count > limits.startLine + 1 { throw .headTooLarge }
                return nil
            }
            if end > limits.startLine { throw .headTooLarge }
            try Self.parseLine(input.extracting(0..<end), into: &response)
            section.begin(at: end + 2)
            isInFields = true
        }
        guard let end = try section.parse(input, into: &response.fields) else { return nil }
        try Self.complete(&response, requestMethod: requestMethod)
        reset()
        return end
    }

    /// Refuses what can no longer become a status line.
    private static func checkPrefix(_ input: Span<UInt8>) throws(ParseError) {
        let length = min(input.count, 5)
        let prefix: InlineArray<5, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2F]
        for index in 0..<length where input[index] != prefix[index] { throw .malformedStatusLine }
    }

    /// Reads `status-line` (RFC 9112 section 4); the space before an empty reason phrase may be missing.
    private static func parseLine(_ line: Span<UInt8>, into response: inout Response) throws(ParseError) {
        guard line.count >= 12, line[8] == .space else { throw .malformedStatusLine }
        response.version = try Version(line.extracting(0..<8))
        guard let status = line.extracting(9..<12).decimalNumber, (100...599).contains(status) else {
            throw .malformedStatusLine
        }
        response.status = status
        guard line.count > 12 else { return }
        guard line[12] == .space else { throw .malformedStatusLine }
        response.reason.append(line.extracting(13...))
    }

    /// Finds out how the body ends (RFC 9112 section 6.3).
    private static func complete(_ response: inout Response, requestMethod: Method) throws(ParseError) {
        let fields = try MessageFraming(fields: response.fields, version: response.version)
        let options = try ConnectionOptions(readingFrom: &response.fields)
        response.declaredLength = fields.length
        response.isPersistent = options.isPersistent(in: response.version)
        switch response.status {
        case 100..<200, 204:
            // No such response has a body; whoever announces one may be about to send it.
            if fields.isChunked || fields.length ?? 0 > 0 { response.isPersistent = false }
            response.declaredLength = nil
        case 304: break
        default:
            if requestMethod == .head { break }
            if fields.isChunked {
                response.framing = .chunked
            } else if let length = fields.length {
                response.framing = .length(length)
            } else {
                response.framing = .untilClose
                response.isPersistent = false
            }
        }
    }
}
