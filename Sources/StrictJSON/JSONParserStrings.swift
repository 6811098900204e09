extension JSONParser {
    /// Reads a string (RFC 8259 §7); the current byte is its opening quotation mark.
    @_lifetime(self: copy self)
    mutating func readString() throws(JSONError) -> String {
        let start = position + 1
        let rest = bytes.extracting(start..<bytes.count)
        var count = 0
        while count < rest.count, Self.standsForItself(rest[count]) { count &+= 1 }
        position = start + count
        switch try currentByte() {
        case UInt8(ascii: "\""):
            position += 1
            return try text(of: rest.extracting(0..<count), at: start)
        case UInt8(ascii: "\\"): return try readStringWithEscapes(from: start)
        default: throw JSONError(.controlCharacter, at: position)
        }
    }

    /// Whether a byte of a string is neither its end, nor the beginning of an escape, nor a control character.
    private static func standsForItself(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private func text(of content: Span<UInt8>, at offset: Int) throws(JSONError) -> String {
        do {
            return String(copying: try UTF8Span(validating: content))
        } catch {
            throw JSONError(.invalidUTF8, at: offset + error.byteOffsets.lowerBound)
        }
    }

    /// Reads the rest of a string whose first escape is at `position`; its content begins at `start`.
    @_lifetime(self: copy self)
    private mutating func readStringWithEscapes(from start: Int) throws(JSONError) -> String {
        var content: [UInt8] = []
        for index in start..<position { content.append(bytes[index]) }
        while true {
            let byte = try currentByte()
            guard byte >= 0x20 else { throw JSONError(.controlCharacter, at: position) }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try text(of: content.span, at: start)
            case UInt8(ascii: "\\"):
                try readEscape(into: &content)
            default:
                content.append(byte)
                position += 1
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func readEscape(into content: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        let byte = try currentByte()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: String(try readEscapedScalar(from: start)).utf8)
        default: throw JSONError(.malformedEscape, at: start)
        }
    }

    /// Reads the four digits after `\u`, and the second half of a surrogate pair.
    @_lifetime(self: copy self)
    private mutating func readEscapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try readFourDigits(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, skipWord("\\u") else { throw JSONError(.loneSurrogate, at: start) }
        let second = try readFourDigits(from: start)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError(.loneSurrogate, at: start) }
        return scalar
    }

    @_lifetime(self: copy self)
    private mutating func readFourDigits(from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try currentByte()
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(.malformedEscape, at: start)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
