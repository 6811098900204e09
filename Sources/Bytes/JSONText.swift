extension OutputSpan where Element == UInt8 {
    /// Appends `text` as the inside of a JSON string (RFC 8259 §7), without the quotation marks; up to
    /// `maximumJSONExpansion` times its bytes must fit.
    ///
    /// Quotation mark, backslash and control characters are escaped, U+007F to U+009F, U+2028 and U+2029 included, so
    /// that no text can end its string or its line; what is not UTF-8 becomes U+FFFD.
    ///
    /// - Parameter text: bytes of any content.
    @_lifetime(self: copy self)
    package mutating func append(jsonText text: Span<UInt8>) {
        var position = 0
        while true {
            let end = text.endOfPlainText(from: position)
            append(text.extracting(position..<end))
            guard end < text.count else { return }
            position = appendEscaped(text, at: end)
        }
    }

    /// Appends the character at `position`, which is not plain, and returns the position behind it.
    @_lifetime(self: copy self)
    private mutating func appendEscaped(_ text: Span<UInt8>, at position: Int) -> Int {
        let byte = text[position]
        guard byte >= 0x80 else {
            appendEscaped(ascii: byte)
            return position + 1
        }
        guard let length = text.lengthOfUTF8Character(at: position) else {
            append("\u{FFFD}")
            return position + 1
        }
        if byte == 0xC2 && text[position + 1] < 0xA0 {
            appendEscaped(ascii: text[position + 1])
        } else if byte == 0xE2 && text[position + 1] == 0x80 && text[position + 2] & 0xFE == 0xA8 {
            append(text[position + 2] == 0xA8 ? "\\u2028" : "\\u2029")
        } else {
            append(text.extracting(position..<position + length))
        }
        return position + length
    }

    @_lifetime(self: copy self)
    private mutating func appendEscaped(ascii byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        default:
            append("\\u00")
            append(hexadecimalDigit(byte >> 4))
            append(hexadecimalDigit(byte & 15))
        }
    }
}

/// How many bytes `append(jsonText:)` writes at most for one: `\u0000`.
package let maximumJSONExpansion = 6

extension [UInt8] {
    /// Appends `text` as the inside of a JSON string (RFC 8259 §7), without the quotation marks.
    ///
    /// - Parameter text: bytes of any content; see `OutputSpan.append(jsonText:)`.
    package mutating func append(jsonText text: Span<UInt8>) {
        append(addingCapacity: text.count * maximumJSONExpansion) { $0.append(jsonText: text) }
    }
}

extension Span where Element == UInt8 {
    /// The position at or after `start` of the first byte that cannot stand in a JSON string as it is, or `count`:
    /// controls, quotation mark, backslash, and everything beyond ASCII.
    func endOfPlainText(from start: Int) -> Int {
        var position = start
        while position + 8 <= count {
            guard isPlain(at: position) else { return firstSpecial(from: position) }
            position += 8
        }
        if position == count || (count >= start + 8 && isPlain(at: count - 8)) { return count }
        return firstSpecial(from: position)
    }

    /// Whether the eight bytes at `position` can all stand in a JSON string as they are.
    private func isPlain(at position: Int) -> Bool {
        precondition(position >= 0 && position <= count - 8)
        // SAFETY: eight bytes from `position` on lie within the span, and any eight bytes are a UInt64.
        let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
        let ones: UInt64 = 0x0101_0101_0101_0101
        // A byte minus n borrows into its highest bit when it is below n; one that equals x is 0 after an exclusive or.
        let below = word &- ones &* 0x20
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5C)) &- ones
        let delete = (word ^ (ones &* 0x7F)) &- ones
        return (word | below | quote | backslash | delete) & (ones &* 0x80) == 0
    }

    private func firstSpecial(from start: Int) -> Int {
        var index = start
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index += 1
        }
        return index
    }

    /// The length of the well-formed UTF-8 character beyond ASCII at `position` (RFC 3629 §4), or nil.
    func lengthOfUTF8Character(at position: Int) -> Int? {
        let first = self[position]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return nil
        }
        guard position + length <= count, second.contains(self[position + 1]) else { return nil }
        for index in position + 2..<position + length where self[index] & 0xC0 != 0x80 { return nil }
        return length
    }
}
