/// Sixty-four characters that stand for six bits each (RFC 4648), in canonical form only: one text per value.
package struct Base64Alphabet: Sendable {
    private let characters: [UInt8]
    /// The six bits of each character; `foreign` for bytes that are none.
    private let values: [UInt64]

    /// That of base64 (RFC 4648 §4).
    package static let standard = Base64Alphabet(endingIn: "+/")
    /// That of base64url (RFC 4648 §5).
    package static let url = Base64Alphabet(endingIn: "-_")

    /// A bit above the 24 bits of four characters; shifted by as much as any of the four is, it stays above them.
    private static let foreign: UInt64 = 1 << 24

    private init(endingIn last: String) {
        characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8) + last.utf8
        var values = [UInt64](repeating: Self.foreign, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt64(value) }
        self.values = values
    }

    /// Decodes a text without padding.
    ///
    /// - Parameter text: the characters; padding, white space and unused bits that are not zero are refused.
    /// - Returns: the bytes, or nil if `text` is not the canonical encoding of any.
    package func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let rest = text.count % 4
        guard rest != 1 else { return nil }
        let size = text.count / 4 * 3 + max(rest - 1, 0)
        var bytes: [UInt8] = []
        var isCanonical = false
        // SAFETY: there is room for `size` bytes, all of which `decode` writes; the pointers are used only during the call.
        bytes.append(addingCapacity: size) { output in
            unsafe output.withUnsafeMutableBufferPointer { room, count in
                unsafe text.withUnsafeBufferPointer { text in
                    unsafe values.withUnsafeBufferPointer { values in
                        isCanonical = unsafe Self.decode(text, by: values, into: room)
                    }
                }
                count = size
            }
        }
        return isCanonical ? bytes : nil
    }

    /// Writes three bytes for every four characters and one byte less than there are characters for what is left.
    ///
    /// - Returns: whether all characters were such and the unused bits are zero.
    // SAFETY: `text` is read up to its count and `values` has an entry for every byte; the caller provides the room.
    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, by values: UnsafeBufferPointer<UInt64>,
        into bytes: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        var seen: UInt64 = 0
        var unused: UInt64 = 0
        var index = 0
        var position = 0
        while index &+ 4 <= text.count {
            let first = unsafe values[Int(text[index])] << 18
            let second = unsafe values[Int(text[index &+ 1])] << 12
            let third = unsafe values[Int(text[index &+ 2])] << 6
            let bits = unsafe first | second | third | values[Int(text[index &+ 3])]
            seen |= bits
            unsafe bytes[position] = UInt8(truncatingIfNeeded: bits >> 16)
            unsafe bytes[position &+ 1] = UInt8(truncatingIfNeeded: bits >> 8)
            unsafe bytes[position &+ 2] = UInt8(truncatingIfNeeded: bits)
            index &+= 4
            position &+= 3
        }
        if index < text.count {
            let hasThird = index &+ 2 < text.count
            let third = hasThird ? unsafe values[Int(text[index &+ 2])] << 6 : 0
            let bits = unsafe values[Int(text[index])] << 18 | values[Int(text[index &+ 1])] << 12 | third
            seen |= bits
            unused = bits & (hasThird ? 0xFF : 0xFFFF)
            unsafe bytes[position] = UInt8(truncatingIfNeeded: bits >> 16)
            if hasThird { unsafe bytes[position &+ 1] = UInt8(truncatingIfNeeded: bits >> 8) }
        }
        return seen < foreign && unused == 0
    }

    /// Encodes `bytes` without padding.
    package func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            text.append(characters[Int(first >> 2)])
            text.append(characters[Int((first << 4 | second >> 4) & 63)])
            if index + 1 < bytes.count { text.append(characters[Int((second << 2 | third >> 6) & 63)]) }
            if index + 2 < bytes.count { text.append(characters[Int(third & 63)]) }
            index += 3
        }
        return text
    }
}
