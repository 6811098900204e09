/// The encoding base64 (RFC 4648 §4), in its canonical form only: one text per value.
package enum Base64 {
    /// Decodes a text.
    ///
    /// - Parameters:
    ///   - text: the characters; white space and unused bits that are not zero are refused.
    ///   - isPadded: whether `=` must complete the last group of four, or must not.
    /// - Returns: the bytes, or nil if `text` is not the canonical encoding of any.
    package static func decode(_ text: Span<UInt8>, isPadded: Bool) -> [UInt8]? {
        var end = text.count
        if isPadded {
            guard end.isMultiple(of: 4) else { return nil }
            while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        }
        return Base64Alphabet.standard.decode(text.extracting(0..<end))
    }

    /// Encodes `bytes` without padding.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] { Base64Alphabet.standard.encode(bytes) }
}
