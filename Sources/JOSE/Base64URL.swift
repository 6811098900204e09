internal import Bytes

/// The encoding base64url without padding (RFC 4648 §5, RFC 7515 §2), in its canonical form only: one text per value.
package enum Base64URL {
    /// Decodes a text.
    ///
    /// - Parameter text: the characters; padding, white space and unused bits that are not zero are refused.
    /// - Returns: the bytes, or nil if `text` is not the canonical encoding of any.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? { Base64Alphabet.url.decode(text) }

    /// Encodes `bytes`.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] { Base64Alphabet.url.encode(bytes) }

    /// Encodes `bytes` as a string.
    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes.span), as: UTF8.self)
    }
}
