internal import Bytes

/// Brings paths into the one form that is matched, logged and sent (RFC 3986 section 6.2.2).
///
/// Escapes of unreserved characters are decoded, hexadecimal digits are in upper case, characters that may not stand in a
/// path are escaped, and dot segments are resolved.
package enum PathCanonicalizer {
    /// Makes a path canonical.
    ///
    /// - Parameters:
    ///   - raw: the path as it was sent, beginning with a slash.
    ///   - path: receives the canonical path in place of what it held.
    /// - Returns: the forms in it that have other readings.
    /// - Throws: `ParseError` of the kind `ambiguousPath` for what has no safe reading at all.
    package static func canonicalize(
        _ raw: Span<UInt8>, into path: inout [UInt8]
    ) throws(ParseError) -> PathForms {
        path.removeAll(keepingCapacity: true)
        if isPlain(raw) {
            path.append(raw)
            return []
        }
        try normalizeEscapes(raw, into: &path)
        try refuseDisguisedDots(path.span)
        try resolveDots(&path)
        return forms(of: path.span)
    }

    /// Whether a path is canonical as it is and has one reading.
    private static func isPlain(_ raw: Span<UInt8>) -> Bool {
        // Path characters without `;`, which begins parameters.
        let plain = CharacterSet128(low: 0x27FF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
        var previous: UInt8 = 0
        for index in raw.indices {
            let byte = raw[index]
            if plain.contains(byte) {
                // A segment that begins with a dot may be a dot segment.
                if byte == UInt8(ascii: "."), previous == .slash { return false }
            } else if byte != .slash || previous == .slash {
                return false
            }
            previous = byte
        }
        return true
    }

    private static func normalizeEscapes(_ raw: Span<UInt8>, into path: inout [UInt8]) throws(ParseError) {
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            switch byte {
            case .percent:
                guard let value = raw.escapedValue(at: index) else { throw .pathInvalidEscape }
                guard value >= 0x20 else { throw .pathForbiddenCharacter }
                if CharacterSet128.unreserved.contains(value) {
                    path.append(value)
                } else {
                    appendEscape(of: value, to: &path)
                }
                index += 3
                continue
            case UInt8(ascii: "\\"): throw .pathBackslash
            case UInt8(ascii: "#"): throw .pathFragment
            case 0x21...0x7E: append(character: byte, to: &path)
            default: throw .pathForbiddenCharacter
            }
            index += 1
        }
    }

    /// Appends a character of a path as it is if it may stand there, or its escape.
    static func append(character: UInt8, to path: inout [UInt8]) {
        if character == .slash || CharacterSet128.pathCharacter.contains(character) {
            path.append(character)
        } else {
            appendEscape(of: character, to: &path)
        }
    }

    private static func appendEscape(of byte: UInt8, to path: inout [UInt8]) {
        path.append(.percent)
        path.append(upperCaseDigit(byte >> 4))
        path.append(upperCaseDigit(byte & 15))
    }

    private static func upperCaseDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    // MARK: Dot segments

    /// Refuses dot segments that only show when the path is decoded to the end, cut at `;`, or trimmed of spaces.
    private static func refuseDisguisedDots(_ path: Span<UInt8>) throws(ParseError) {
        let decoded = try decodedToTheEnd(path)
        if dotSegments(decoded.span, disguised: true) > dotSegments(path, disguised: false) { throw .pathDisguisedDots }
    }

    /// The path with every escape decoded, and every escape that appears by it.
    private static func decodedToTheEnd(_ path: Span<UInt8>) throws(ParseError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        for index in path.indices {
            result.append(path[index])
            while result.count >= 3, let value = result.span.escapedValue(at: result.count - 3) {
                guard value >= 0x20 else { throw .pathForbiddenCharacter }
                result.removeLast(3)
                result.append(value)
            }
        }
        return result
    }

    /// How many segments are `.` or `..`, plainly or in disguise.
    private static func dotSegments(_ path: Span<UInt8>, disguised: Bool) -> Int {
        var found = 0
        var start = 0
        while start <= path.count {
            var end = start
            while end < path.count, path[end] != .slash, !(disguised && path[end] == UInt8(ascii: "\\")) { end += 1 }
            var segment = start..<end
            if disguised {
                if let semicolon = path.extracting(segment).firstIndex(of: UInt8(ascii: ";")) {
                    segment = start..<start + semicolon
                }
                segment = path.trimmed(segment)
            }
            if isDots(path.extracting(segment)) { found += 1 }
            start = end + 1
        }
        return found
    }

    private static func isDots(_ segment: Span<UInt8>) -> Bool {
        switch segment.count {
        case 1: segment[0] == UInt8(ascii: ".")
        case 2: segment[0] == UInt8(ascii: ".") && segment[1] == UInt8(ascii: ".")
        default: false
        }
    }

    /// Resolves `.` and `..` in place (RFC 3986 section 5.2.4).
    private static func resolveDots(_ path: inout [UInt8]) throws(ParseError) {
        var kept = 0
        var start = 0
        let count = path.count
        // Each segment begins with its slash.
        while start < count {
            let end = path.span.firstIndex(of: .slash, from: start + 1) ?? count
            let length = end - start - 1
            let isDot = length >= 1 && length <= 2 && isDots(path.span.extracting(start + 1..<end))
            if isDot, length == 2 { kept = try parent(path.span, kept) }
            if isDot, end == count {
                // What ends in a dot segment is a directory.
                path[kept] = .slash
                kept += 1
            } else if !isDot {
                for index in start..<end {
                    path[kept] = path[index]
                    kept += 1
                }
            }
            start = end
        }
        path.removeLast(count - kept)
    }

    /// Where the path ends when its last segment is taken away.
    ///
    /// - Throws: if there is none, or if servers would disagree about which segment that is.
    private static func parent(_ path: Span<UInt8>, _ end: Int) throws(ParseError) -> Int {
        guard end > 0 else { throw .pathAboveRoot }
        var start = end - 1
        while path[start] != .slash { start -= 1 }
        let ambiguous: PathForms = [.encodedSlash, .encodedBackslash, .doubleEncoding]
        let segment = path.extracting(start..<end)
        guard segment.count > 1, forms(of: segment).isDisjoint(with: ambiguous) else { throw .pathDisguisedDots }
        return start
    }

    // MARK: Forms

    /// The forms in a canonical path that have other readings.
    static func forms(of path: Span<UInt8>) -> PathForms {
        var forms: PathForms = []
        var text = UTF8Sequence()
        var index = 0
        while index < path.count {
            let byte = path[index]
            guard byte == .percent, let value = path.escapedValue(at: index) else {
                if byte == UInt8(ascii: ";") { forms.insert(.parameters) }
                if byte == .slash, index > 0, path[index - 1] == .slash { forms.insert(.emptySegments) }
                text.take(byte)
                index += 1
                continue
            }
            text.take(value)
            switch value {
            case .slash: forms.insert(.encodedSlash)
            case UInt8(ascii: "\\"): forms.insert(.encodedBackslash)
            case .percent: if path.isHexadecimal(at: index + 3) { forms.insert(.doubleEncoding) }
            case UInt8(ascii: ";"): forms.formUnion([.parameters, .encodedReserved])
            default: if CharacterSet128.pathCharacter.contains(value) { forms.insert(.encodedReserved) }
            }
            index += 3
        }
        if !text.isValid { forms.insert(.invalidUTF8) }
        return forms
    }
}

extension Span where Element == UInt8 {
    /// Whether two hexadecimal digits stand at `index`.
    func isHexadecimal(at index: Int) -> Bool {
        index + 1 < count && self[index].hexadecimalValue != nil && self[index + 1].hexadecimalValue != nil
    }

    /// What `%` and two hexadecimal digits at `index` stand for; nil if there is something else.
    func escapedValue(at index: Int) -> UInt8? {
        guard self[index] == .percent, index + 2 < count, let high = self[index + 1].hexadecimalValue,
            let low = self[index + 2].hexadecimalValue
        else { return nil }
        return high << 4 | low
    }
}

/// Checks bytes for being UTF-8 (RFC 3629 section 4), one after the other.
struct UTF8Sequence {
    /// How many bytes of a character are still to come.
    private var missing = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF
    private var hasFailed = false

    /// Whether all bytes so far are whole characters.
    var isValid: Bool { !hasFailed && missing == 0 }

    /// Takes the next byte.
    mutating func take(_ byte: UInt8) {
        if missing > 0 {
            if byte < lowest || byte > highest { hasFailed = true }
            missing -= 1
            lowest = 0x80
            highest = 0xBF
            return
        }
        switch byte {
        case 0...0x7F: break
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { lowest = 0xA0 }
            if byte == 0xED { highest = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { lowest = 0x90 }
            if byte == 0xF4 { highest = 0x8F }
        default: hasFailed = true
        }
    }
}
