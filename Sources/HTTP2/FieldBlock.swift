internal import Bytes
internal import CNGHTTP2
internal import HTTP

/// The fields of a head or of trailers in the form that nghttp2 takes. Made to be used again.
///
/// The entries point into memory of the caller, so that a block is filled and used within one call.
@safe struct FieldBlock {
    // SAFETY: used only while what it points to is in place.
    private var entries: [nghttp2_nv] = unsafe []

    /// Fills the block with the head of a response.
    ///
    /// - Parameters:
    ///   - status: 100 to 999.
    ///   - lines: field lines, each with its CRLF.
    ///   - body: uses the block.
    mutating func withResponse(_ status: Int, lines: Span<UInt8>, _ body: (borrowing FieldBlock) -> Void) {
        let zero = UInt8(ascii: "0")
        let digits: InlineArray<3, UInt8> = [
            zero + UInt8(status / 100 % 10), zero + UInt8(status / 10 % 10), zero + UInt8(status % 10),
        ]
        // SAFETY: what the entries point to stays in place until the closures return.
        unsafe entries.removeAll(keepingCapacity: true)
        unsafe digits.span.withUnsafeBufferPointer { digits in
            unsafe lines.withUnsafeBufferPointer { lines in
                unsafe append(pseudo: ":status", digits)
                unsafe append(lines: lines)
                body(self)
            }
        }
    }

    /// Fills the block with the head of a request.
    mutating func withRequest(
        method: Span<UInt8>, scheme: StaticString, authority: Span<UInt8>, path: Span<UInt8>, lines: Span<UInt8>,
        _ body: (borrowing FieldBlock) -> Void
    ) {
        // SAFETY: what the entries point to stays in place until the closures return; a static string always does.
        unsafe entries.removeAll(keepingCapacity: true)
        unsafe method.withUnsafeBufferPointer { method in
            unsafe authority.withUnsafeBufferPointer { authority in
                unsafe path.withUnsafeBufferPointer { path in
                    unsafe lines.withUnsafeBufferPointer { lines in
                        unsafe append(pseudo: ":method", method)
                        let scheme = unsafe UnsafeBufferPointer(
                            start: scheme.utf8Start, count: scheme.utf8CodeUnitCount)
                        unsafe append(pseudo: ":scheme", scheme)
                        if authority.count > 0 { unsafe append(pseudo: ":authority", authority) }
                        unsafe append(pseudo: ":path", path)
                        unsafe append(lines: lines)
                        body(self)
                    }
                }
            }
        }
    }

    /// Fills the block with trailers.
    mutating func withTrailers(_ lines: Span<UInt8>, _ body: (borrowing FieldBlock) -> Void) {
        // SAFETY: what the entries point to stays in place until the closure returns.
        unsafe entries.removeAll(keepingCapacity: true)
        unsafe lines.withUnsafeBufferPointer { lines in
            unsafe append(lines: lines)
            body(self)
        }
    }

    /// Calls `body` with the fields.
    func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
        // SAFETY: the caller keeps the memory that the entries point to in place.
        unsafe entries.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
    }

    private mutating func append(
        _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, isSensitive: Bool
    ) {
        // SAFETY: nghttp2 copies what it is given and writes, in lower case, to the copy only.
        unsafe entries.append(
            nghttp2_nv(
                name: UnsafeMutablePointer(mutating: name.baseAddress),
                value: UnsafeMutablePointer(mutating: value.baseAddress), namelen: name.count, valuelen: value.count,
                flags: UInt8((isSensitive ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE).rawValue)))
    }

    /// Adds a pseudo-field (RFC 9113 section 8.3).
    private mutating func append(pseudo name: StaticString, _ value: UnsafeBufferPointer<UInt8>) {
        // SAFETY: a static string's pointer is valid for the life of the process and `utf8CodeUnitCount` bytes long.
        let name = unsafe UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        unsafe append(name, value, isSensitive: false)
    }

    /// Adds field lines. Those that are for one connection only are left out (RFC 9113 section 8.2.2).
    private mutating func append(lines: UnsafeBufferPointer<UInt8>) {
        // SAFETY: the span lives as long as the memory that the caller keeps in place.
        let text = unsafe Span(_unsafeElements: lines)
        var start = 0
        while let colon = text.firstIndex(of: UInt8(ascii: ":"), from: start),
            let end = text.firstIndex(of: UInt8(ascii: "\r"), from: colon)
        {
            let known = FieldName(text.extracting(start..<colon))
            var valueStart = colon + 1
            while valueStart < end, text[valueStart] == UInt8(ascii: " ") { valueStart += 1 }
            let value = text.extracting(valueStart..<end)
            if !Self.isForOneConnection(known, value) {
                // SAFETY: the offsets were found within the bytes.
                unsafe append(
                    UnsafeBufferPointer(rebasing: lines[start..<colon]),
                    UnsafeBufferPointer(rebasing: lines[valueStart..<end]),
                    isSensitive: Self.isNeverIndexed(known, value))
            }
            start = min(end + 2, text.count)
        }
    }

    private static let forOneConnection = FieldNameSet.notInHTTP2.union(FieldNameSet(.host, .http2Settings))

    private static func isForOneConnection(_ name: FieldName?, _ value: Span<UInt8>) -> Bool {
        switch name {
        case nil: false
        case .te: !value.equalsIgnoringCase("trailers")
        case let name?: forOneConnection.contains(name)
        }
    }

    /// What is worth guessing must not be in a table that others fill, too (RFC 7541 section 7.1.3); what differs each
    /// time would only drive other fields out of it.
    private static func isNeverIndexed(_ name: FieldName?, _ value: Span<UInt8>) -> Bool {
        switch name {
        case .authorization, .proxyAuthorization, .dpop, .xRequestID, .traceparent, .tracestate: true
        case .cookie, .setCookie: value.count < 20
        default: false
        }
    }
}
