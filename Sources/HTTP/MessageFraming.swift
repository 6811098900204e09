internal import Bytes

/// What the fields of a message say about its framing (RFC 9112 section 6).
struct MessageFraming {
    /// What `Content-Length` says.
    private(set) var length: Int?
    /// Whether the body is sent in chunks.
    private(set) var isChunked = false

    /// Reads `Content-Length` and `Transfer-Encoding`.
    ///
    /// - Parameters:
    ///   - fields: the section of the message.
    ///   - version: the version of the message.
    /// - Throws: `ParseError` for whatever two recipients could read in two ways, and for codings other than `chunked`.
    init(fields: borrowing Fields, version: Version) throws(ParseError) {
        if fields.contains(.transferEncoding) {
            if fields.contains(.contentLength) { throw .ambiguousFraming }
            if version == .http10 { throw .chunkedInHTTP10 }
            try Self.checkCodings(fields)
            isChunked = true
        } else if let value = fields.value(of: .contentLength) {
            guard fields.count(of: .contentLength) == 1 else { throw .repeatedContentLength }
            guard let number = value.decimalNumber else { throw .invalidContentLength }
            length = number
        }
    }

    /// Checks that the one transfer coding is `chunked`.
    private static func checkCodings(_ fields: borrowing Fields) throws(ParseError) {
        var chunked = 0
        var line = fields.firstIndex(of: .transferEncoding)
        while let current = line {
            let value = fields.value(at: current)
            var position = 0
            while let element = value.nextListElement(&position) {
                let coding = value.extracting(element)
                guard coding.count > 0 else { throw .invalidTransferEncoding }
                guard coding.equalsIgnoringCase("chunked") else { throw .unknownTransferCoding }
                chunked += 1
            }
            line = fields.nextIndex(of: .transferEncoding, from: current + 1)
        }
        // A sender must not apply it twice (RFC 9112 section 7.1).
        guard chunked == 1 else { throw .invalidTransferEncoding }
    }
}
