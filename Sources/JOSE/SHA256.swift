internal import Bytes
internal import COpenSSL

/// A SHA-256 digest (FIPS 180-4), small enough to pass in registers and to be a dictionary's key.
package struct SHA256Digest: Hashable, Sendable {
    /// The first eight bytes, the first byte being the most significant; likewise the others.
    package let word0, word1, word2, word3: UInt64

    /// Takes the words as they are; `SHA256.hash` computes a digest.
    package init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Reads a digest in lower-case hexadecimal; nil if the text is anything but 64 such digits.
    ///
    /// - Parameter text: the digits.
    package init?(hexadecimal text: Span<UInt8>) {
        guard text.count == 64 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for index in text.indices {
            guard let value = text[index].hexadecimalValue, text[index] == hexadecimalDigit(value) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(value)
        }
        self.init(words[0], words[1], words[2], words[3])
    }

    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        (left.word0 ^ right.word0) | (left.word1 ^ right.word1) | (left.word2 ^ right.word2)
            | (left.word3 ^ right.word3) == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(word0)
    }

    /// The 32 bytes of the digest.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }

    /// The first digits of the digest in lower-case hexadecimal.
    ///
    /// - Parameter digits: how many digits, 0 to 64.
    /// - Returns: that many digits.
    package func hexadecimal(digits: Int = 64) -> String {
        var text = ""
        for byte in bytes.prefix((digits + 1) / 2) {
            let pair = String(byte, radix: 16)
            text += byte < 16 ? "0" + pair : pair
        }
        return String(text.prefix(digits))
    }
}

/// The hash function SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// Hashes `bytes`.
    package static func hash(_ bytes: Span<UInt8>) -> SHA256Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        // SAFETY: the bridge writes 32 bytes, the size of `words`, and reads `count` bytes while the span is alive.
        unsafe withUnsafeMutableBytes(of: &words) { digest in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe gateway_sha256(
                    source.baseAddress, source.count, digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
        }
        return SHA256Digest(words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }
}
