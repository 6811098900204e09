import Bytes

/// Parses one segment of a path template into its canonical form.
struct SegmentParser {
    let bytes: [UInt8]
    let start: Int
    let end: Int

    func parse() throws(RoutePatternError) -> RouteSegment {
        guard start < end, bytes[start] == UInt8(ascii: "{") else { return .literal(try literal()) }
        guard end - start >= 2, bytes[end - 1] == UInt8(ascii: "}") else {
            throw RoutePatternError(.partialParameter, at: start)
        }
        var nameEnd = end - 1
        let dots = UInt8(ascii: ".")
        let isRest = nameEnd - start > 3 && bytes[(nameEnd - 3)..<nameEnd].allSatisfy { $0 == dots }
        if isRest { nameEnd -= 3 }
        let name = bytes[(start + 1)..<nameEnd]
        guard let first = name.first, !first.isDigit else { throw RoutePatternError(.badName, at: start + 1) }
        if let bad = name.firstIndex(where: { !$0.isLetter && !$0.isDigit && $0 != UInt8(ascii: "_") }) {
            throw RoutePatternError(.badName, at: bad)
        }
        let text = String(decoding: name, as: UTF8.self)
        return isRest ? .rest(text) : .parameter(text)
    }

    private func literal() throws(RoutePatternError) -> String {
        var canonical: [UInt8] = []
        var index = start
        while index < end {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "%"):
                let value = try escapedByte(at: index)
                if value.isUnreserved {
                    canonical.append(value)
                } else {
                    canonical.append(contentsOf: value.escaped)
                }
                index += 3
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "}"): throw RoutePatternError(.partialParameter, at: index)
            case 0..<0x20, 0x7F: throw RoutePatternError(.controlCharacter, at: index)
            case _ where byte.isPathCharacter: canonical.append(byte)
            default: throw RoutePatternError(.mustBeEscaped(escapedCharacter(at: index)), at: index)
            }
            index += 1
        }
        let dot = UInt8(ascii: ".")
        if canonical == [dot] || canonical == [dot, dot] { throw RoutePatternError(.dotSegment, at: start) }
        return String(decoding: canonical, as: UTF8.self)
    }

    private func escapedByte(at index: Int) throws(RoutePatternError) -> UInt8 {
        guard index + 2 < end, let high = bytes[index + 1].hexadecimalValue,
            let low = bytes[index + 2].hexadecimalValue
        else { throw RoutePatternError(.badEscape, at: index) }
        let value = high << 4 | low
        if value < 0x20 || value == 0x7F { throw RoutePatternError(.controlCharacter, at: index) }
        return value
    }

    /// The escapes for the whole character that starts at `index`, which may take several bytes.
    private func escapedCharacter(at index: Int) -> String {
        var escapes = bytes[index].escaped
        var next = index + 1
        while next < end, bytes[next] & 0xC0 == 0x80 {
            escapes += bytes[next].escaped
            next += 1
        }
        return String(decoding: escapes, as: UTF8.self)
    }
}

extension UInt8 {
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }

    /// RFC 3986 §2.3.
    var isUnreserved: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: isDigit || isLetter
        }
    }

    /// `pchar` of RFC 3986 §3.3, without escapes.
    var isPathCharacter: Bool {
        switch self {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&")...UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
            true
        default: isUnreserved
        }
    }

    /// `%` and two upper-case hexadecimal digits.
    var escaped: [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "%"), digits[Int(self >> 4)], digits[Int(self & 15)]]
    }
}
