/// The encoding base64url without padding (RFC 4648 §5, RFC 7515 §2), in its canonical form only: one text per value.
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The value of each character; 0xFF for bytes that are none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// Decodes a text.
    ///
    /// - Parameter text: the characters; padding, white space and unused bits that are not zero are refused.
    /// - Returns: the bytes, or nil if `text` is not the canonical encoding of any.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        let values = Self.values
        let rest = text.count % 4
        let whole = text.count - rest
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var seen: UInt8 = 0
        var index = 0
        while index < whole {
            let first = values[Int(text[index])]
            let second = values[Int(text[index + 1])]
            let third = values[Int(text[index + 2])]
            let fourth = values[Int(text[index + 3])]
            seen |= first | second | third | fourth
            bytes.append(first << 2 | second >> 4)
            bytes.append(second << 4 | third >> 2)
            bytes.append(third << 6 | fourth)
            index += 4
        }
        if rest > 0 {
            let first = values[Int(text[whole])]
            let second = values[Int(text[whole + 1])]
            let third = rest == 3 ? values[Int(text[whole + 2])] : 0
            let unused = rest == 3 ? third & 0b11 : second & 0b1111
            guard unused == 0 else { return nil }
            seen |= first | second | third
            bytes.append(first << 2 | second >> 4)
            if rest == 3 { bytes.append(second << 4 | third >> 2) }
        }
        return seen < 64 ? bytes : nil
    }

    /// Encodes `bytes`.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            text.append(alphabet[Int(first >> 2)])
            text.append(alphabet[Int((first << 4 | second >> 4) & 63)])
            if index + 1 < bytes.count { text.append(alphabet[Int((second << 2 | third >> 6) & 63)]) }
            if index + 2 < bytes.count { text.append(alphabet[Int(third & 63)]) }
            index += 3
        }
        return text
    }

    /// Encodes `bytes` as a string.
    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes.span), as: UTF8.self)
    }
}
