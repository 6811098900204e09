internal import CLinux

extension Span where Element == UInt8 {
    /// The position of the first control character other than a tab (0 to 8, 10 to 31 and 127) at or after `start`.
    ///
    /// Everything that may not stand in a line of text ends the search, the line's own end included, eight bytes a step.
    ///
    /// - Parameter start: where to begin, at most `count`.
    /// - Returns: the position, or nil if there is none.
    package func firstControlCharacter(from start: Int) -> Int? {
        var index = start
        while index &+ 8 <= count {
            // Most of a head is plain text: two words at a time until there is a hit.
            if index &+ 16 <= count,
                controlCharacters(in: word(at: index)) | controlCharacters(in: word(at: index &+ 8)) == 0
            {
                index &+= 16
                continue
            }
            let hits = controlCharacters(in: word(at: index))
            if hits == 0 {
                index &+= 8
                continue
            }
            index &+= hits.trailingZeroBitCount >> 3
            if self[index] != UInt8(ascii: "\t") { return index }
            index &+= 1
        }
        while index < count {
            let byte = self[index]
            if (byte < 0x20 && byte != UInt8(ascii: "\t")) || byte == 0x7F { return index }
            index &+= 1
        }
        return nil
    }

    /// The position of the first `byte` at or after `start`, or nil.
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard start < count else { return nil }
        precondition(start >= 0)
        // SAFETY: the call looks at the bytes from `start` to `count` only, while the span is alive.
        return unsafe withUnsafeBytes { all -> Int? in
            guard let base = all.baseAddress, let hit = unsafe memchr(base + start, Int32(byte), count - start) else {
                return nil
            }
            return unsafe UnsafeRawPointer(hit) - base
        }
    }

    /// The eight bytes from `index` on, the first one lowest.
    @inline(__always)
    func word(at index: Int) -> UInt64 {
        precondition(index >= 0 && index &+ 8 <= count)
        // SAFETY: the eight bytes lie within the span, as was checked; any alignment will do.
        return unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
    }
}

private let ones: UInt64 = 0x0101_0101_0101_0101
private let highs: UInt64 = 0x8080_8080_8080_8080

/// The high bit of each byte of `word` that is below 32 or is 127; only the lowest bit set is to be relied on.
@inline(__always)
private func controlCharacters(in word: UInt64) -> UInt64 {
    let belowSpace = (word &- ones &* 0x20) & ~word
    let delete = word ^ (ones &* 0x7F)
    return (belowSpace | ((delete &- ones) & ~delete)) & highs
}

extension UInt64 {
    /// Eight bytes with the upper-case ASCII letters among them in lower case.
    @inline(__always)
    var lowercasedASCII: UInt64 {
        // The high bit of a byte tells whether its lower seven bits reach `A`, and whether they go beyond `Z`.
        let low = self & ~highs
        let letters = (low &+ ones &* (0x80 - 0x41)) & ~(low &+ ones &* (0x80 - 0x5B)) & ~self & highs
        return self | letters &>> 2
    }
}
