internal import Bytes

/// Sets of ASCII characters, one bit each, for checks that are made on every byte of a head.
struct CharacterSet128: Sendable {
    let low: UInt64
    let high: UInt64

    /// Whether `byte` is in the set; a byte above 127 never is.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let half = byte < 64 ? low : high
        return byte < 128 && (half &>> UInt64(byte & 63)) & 1 == 1
    }

    /// `tchar` of RFC 9110 section 5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
    static var token: Self { Self(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }

    /// `tchar` without lower-case letters. Methods are case-sensitive and no registered one has any (RFC 9110 section 16.1);
    /// some servers take `delete` for `DELETE` all the same.
    static var methodCharacter: Self { Self(low: 0x03FF_6CFA_0000_0000, high: 0x5000_0001_C7FF_FFFE) }

    /// `tchar` without upper-case letters: what names of fields consist of in HTTP/2 (RFC 9113 section 8.2.1).
    static var lowercaseToken: Self { Self(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C000_0000) }

    /// `unreserved` of RFC 3986 section 2.3: letters, digits and `-._~`.
    static var unreserved: Self { Self(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }

    /// What may stand in `reg-name` of RFC 3986 section 3.2.2 as it is, but for `,` and `;`.
    static var hostCharacter: Self { Self(low: 0x23FF_6FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }

    /// `pchar` of RFC 3986 section 3.3 without `%`: unreserved, ``!$&'()*+,;=`` and `:@`.
    static var pathCharacter: Self { Self(low: 0x2FFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF) }
}

extension UInt8 {
    @inline(__always) static var space: UInt8 { 0x20 }
    @inline(__always) static var tab: UInt8 { 0x09 }
    @inline(__always) static var carriageReturn: UInt8 { 0x0D }
    @inline(__always) static var lineFeed: UInt8 { 0x0A }
    @inline(__always) static var slash: UInt8 { 0x2F }
    @inline(__always) static var percent: UInt8 { 0x25 }

    /// Whether the byte is a decimal digit.
    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    /// Whether the byte is optional whitespace, OWS of RFC 9110 section 5.6.3.
    @inline(__always) var isWhitespace: Bool { self == .space || self == .tab }
}

extension Span where Element == UInt8 {
    /// Whether the bytes are a token (RFC 9110 section 5.6.2).
    var isToken: Bool {
        let tokenCharacters = CharacterSet128.token
        for index in indices where !tokenCharacters.contains(self[index]) { return false }
        return count > 0
    }

    /// `range` without optional whitespace at either end.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start].isWhitespace { start += 1 }
        while start < end, self[end - 1].isWhitespace { end -= 1 }
        return start..<end
    }

    /// The number that `1*DIGIT` stands for, or nil if the bytes are anything else or the number does not fit.
    package var decimalNumber: Int? {
        guard count > 0 else { return nil }
        var number = 0
        for index in indices {
            guard self[index].isDigit else { return nil }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(self[index] - 0x30))
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }

    /// The trimmed elements of a comma-separated list, one after the other; empty ones are passed on too.
    ///
    /// - Parameter position: where the next element starts; moved behind it.
    /// - Returns: the range of the element, or nil behind the last.
    package func nextListElement(_ position: inout Int) -> Range<Int>? {
        guard position <= count else { return nil }
        let end = firstIndex(of: UInt8(ascii: ","), from: position) ?? count
        let element = trimmed(position..<end)
        position = end + 1
        return element
    }
}
