package import Bytes
internal import COpenSSL

/// The key by which the two ends of a WebSocket's handshake recognise each other (RFC 6455 section 4.1).
package struct HandshakeKey: Sendable {
    /// The value of `Sec-WebSocket-Key`: 16 bytes in base64.
    package let text: [UInt8]

    /// A new key.
    ///
    /// - Parameter random: where its bytes come from.
    package init(from random: inout RandomNumbers) {
        text = Base64.encode(random.bytes(count: 16).span) + Array("==".utf8)
    }

    /// The key that a client sent.
    ///
    /// - Parameter value: the value of `Sec-WebSocket-Key`.
    package init(_ value: Span<UInt8>) { text = value.array }

    /// What the server must answer: the value of `Sec-WebSocket-Accept` (RFC 6455 section 4.2.2).
    package var acceptance: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        let input = text + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        // SAFETY: OpenSSL reads `count` bytes and writes the 20 bytes of a SHA-1; both arrays outlive the call.
        unsafe input.withUnsafeBufferPointer { input in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                unsafe _ = EVP_Digest(input.baseAddress, input.count, digest.baseAddress, nil, EVP_sha1(), nil)
            }
        }
        return Base64.encode(digest.span) + Array("=".utf8)
    }
}
