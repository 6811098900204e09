internal import Bytes

/// Reads request heads from the bytes of a connection (RFC 9112 sections 2 to 6).
///
/// It looks at every byte once, however the bytes are split, and refuses a malformed head as early as it can be told. After
/// an error the connection has no further use.
package struct RequestParser: ~Copyable, Sendable {
    let limits: MessageLimits
    /// The port that is left away from hosts: 80, or 443 where clients use https.
    package var defaultPort: UInt16
    private var section: FieldSectionParser
    private var line = RequestLine(at: 0)
    /// Where the request line begins, behind empty lines.
    private var start = 0
    /// Up to where the request line has been looked at.
    private var scanned = 0
    private var emptyLines = 0
    private var isInFields = false
    private var absoluteAuthority: TargetAuthority?

    /// Whether any byte of a head has been seen; empty lines before it do not count.
    package private(set) var hasBegun = false

    /// - Parameters:
    ///   - limits: how large a head may be.
    ///   - defaultPort: the port that is left away from hosts: 80, or 443 where clients use https.
    package init(limits: MessageLimits, defaultPort: UInt16 = 80) {
        self.limits = limits
        self.defaultPort = defaultPort
        section = FieldSectionParser(maximumSize: limits.fieldSection, maximumCount: limits.fieldCount)
    }

    /// Makes ready for the next head.
    package mutating func reset() {
        line = RequestLine(at: 0)
        start = 0
        scanned = 0
        emptyLines = 0
        isInFields = false
        absoluteAuthority = nil
        hasBegun = false
    }

    /// Reads a head.
    ///
    /// - Parameters:
    ///   - input: the bytes from the beginning of the head; in further calls, the same bytes and what has arrived since.
    ///   - request: receives the head; the same one in further calls. It is complete when a number is returned.
    /// - Returns: how many bytes the head takes up, with empty lines before it, or nil if it is not complete. The parser
    ///   is then ready for the next head.
    /// - Throws: `ParseError` if the head is malformed or exceeds a limit.
    package mutating func parse(_ input: Span<UInt8>, into request: inout Request) throws(ParseError) -> Int? {
        if !isInFields {
            // What is refused or late is logged, too; nothing of the last request may show in that.
            if !hasBegun { request.reset() }
            guard try parseStart(input, into: &request) else { return nil }
        }
        let end = try section.parse(input, into: &request.fields)
        try Self.checkRepetitions(end == nil ? section.repeated : request.fields.repeated)
        guard let end else { return nil }
        try complete(&request)
        reset()
        return end
    }

    // MARK: The request line

    /// Reads empty lines and the request line.
    ///
    /// - Returns: whether it is complete.
    private mutating func parseStart(_ input: Span<UInt8>, into request: inout Request) throws(ParseError) -> Bool {
        while true {
            guard let end = try input.lineEnd(from: scanned) else {
                scanned = max(scanned, input.count - 1)
                try checkPartialLine(input)
                return false
            }
            if end == start {
                guard emptyLines < limits.emptyLines else { throw .tooManyEmptyLines }
                emptyLines += 1
                start = end + 2
                scanned = start
                line = RequestLine(at: start)
                continue
            }
            hasBegun = true
            try line.advance(input, to: end)
            guard line.hasVersion else { throw .malformedRequestLine }
            if end - start > limits.startLine { throw .targetTooLong }
            try parseLine(input, into: &request)
            section.begin(at: end + 2)
            isInFields = true
            return true
        }
    }

    /// Refuses a request line that can no longer become one.
    private mutating func checkPartialLine(_ input: Span<UInt8>) throws(ParseError) {
        guard start < input.count, input[start] != .carriageReturn else { return }
        hasBegun = true
        let end = input[input.count - 1] == .carriageReturn ? input.count - 1 : input.count
        try line.advance(input, to: end)
        if end - start > limits.startLine { throw line.hasMethod ? .targetTooLong : .methodTooLong }
    }

    private mutating func parseLine(_ input: Span<UInt8>, into request: inout Request) throws(ParseError) {
        request.version = try Version(input.extracting(line.version))
        guard let method = Method(input.extracting(line.method)) else { throw .invalidMethod }
        request.method = method
        let target = input.extracting(line.target)
        switch method {
        case .connect:
            guard request.host.parse(target, defaultPort: 0), !request.host.isEmpty else { throw .invalidTarget }
            throw .methodNotImplemented
        case .trace: throw .methodNotImplemented
        default: break
        }
        absoluteAuthority = try request.target.parse(target, method: method)
        if let authority = absoluteAuthority {
            let text = target.extracting(authority.range)
            guard request.host.parse(text, defaultPort: defaultPort, schemePort: authority.defaultPort),
                !request.host.isEmpty
            else {
                throw .invalidHost
            }
        }
    }

    // MARK: The whole head

    /// Checks the fields and draws the conclusions.
    private func complete(_ request: inout Request) throws(ParseError) {
        try readHost(request.fields, request.version, into: &request.host)
        let framing = try MessageFraming(fields: request.fields, version: request.version)
        if framing.isChunked {
            request.framing = .chunked
        } else if let length = framing.length {
            request.framing = .length(length)
        }
        let options = try ConnectionOptions(readingFrom: &request.fields)
        request.isPersistent = options.isPersistent(in: request.version)
        try Self.readExpectations(&request)
        if request.fields.contains(.te) { request.acceptsTrailers = Self.acceptsTrailers(request.fields) }
        if request.fields.contains(.upgrade) { try request.readUpgrade() }
    }

    static func acceptsTrailers(_ fields: borrowing Fields) -> Bool {
        guard let value = fields.value(of: .te) else { return false }
        var position = 0
        while let element = value.nextListElement(&position) {
            if value.extracting(element).equalsIgnoringCase("trailers") { return true }
        }
        return false
    }

    /// Refuses fields that stand more than once where they must not.
    static func checkRepetitions(_ names: FieldNameSet) throws(ParseError) {
        let repeated = names.intersection(.single)
        guard !repeated.isEmpty else { return }
        if repeated.contains(.host) { throw .repeatedHost }
        if repeated.contains(.contentLength) { throw .repeatedContentLength }
        if repeated.contains(.authorization) { throw .repeatedAuthorization }
        throw repeated.contains(.dpop) ? .repeatedProof : .repeatedManagedField
    }

    /// Reads `Host`, which must be there and well-formed even where the target names the host (RFC 9112 section 3.2).
    private func readHost(
        _ fields: borrowing Fields, _ version: Version, into host: inout HostName
    ) throws(ParseError) {
        guard let value = fields.value(of: .host) else {
            if version == .http11 { throw .missingHost }
            return
        }
        if absoluteAuthority == nil {
            guard host.parse(value, defaultPort: defaultPort) else { throw .invalidHost }
        } else {
            var ignored = HostName()
            guard ignored.parse(value, defaultPort: defaultPort) else { throw .invalidHost }
        }
    }

    /// Reads `Expect` (RFC 9110 section 10.1.1), which means nothing in HTTP/1.0.
    static func readExpectations(_ request: inout Request) throws(ParseError) {
        guard request.version != .http10, let first = request.fields.firstIndex(of: .expect) else { return }
        var line: Int? = first
        while let current = line {
            let value = request.fields.value(at: current)
            var position = 0
            while let element = value.nextListElement(&position) {
                guard value.extracting(element).equalsIgnoringCase("100-continue") else { throw .unknownExpectation }
            }
            line = request.fields.nextIndex(of: .expect, from: current + 1)
        }
        request.expectsContinue = !request.framing.isEmpty
    }
}

extension Version {
    /// Reads `HTTP-version` (RFC 9112 section 2.3).
    ///
    /// - Parameter text: what was sent.
    /// - Throws: `ParseError` if it is malformed or another major version.
    init(_ text: Span<UInt8>) throws(ParseError) {
        guard text.count == 8, text.extracting(0..<5).equals("HTTP/"), text[5].isDigit, text[7].isDigit,
            text[6] == UInt8(ascii: ".")
        else { throw .malformedVersion }
        guard text[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        self = text[7] == UInt8(ascii: "0") ? .http10 : .http11
    }
}
