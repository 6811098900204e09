extension Span where Element == UInt8 {
    /// Whether the bytes are those of `text`, a literal.
    package func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        // SAFETY: a static string's pointer is valid for the life of the process and `utf8CodeUnitCount` bytes long.
        return unsafe equals(Span(_unsafeStart: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Whether the bytes are those of `other`.
    package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index &+ 8 <= count {
            if word(at: index) != other.word(at: index) { return false }
            index &+= 8
        }
        while index < count {
            if self[index] != other[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Whether the bytes are those of `lowercase`, a literal without upper-case letters, when ASCII case is ignored.
    package func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        // SAFETY: a static string's pointer is valid for the life of the process and `utf8CodeUnitCount` bytes long.
        let other = unsafe Span(_unsafeStart: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount)
        for index in indices where self[index].lowercasedASCII != other[index] { return false }
        return true
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    package var text: String {
        // SAFETY: the pointer is used only inside the closure, in which the span is alive.
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A copy of the bytes.
    package var array: [UInt8] {
        var copy: [UInt8] = []
        copy.append(self)
        return copy
    }
}

extension UInt8 {
    /// The lower-case form of an ASCII letter; any other byte as it is.
    @inlinable
    package var lowercasedASCII: UInt8 {
        self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
    }

    /// What the byte stands for as a hexadecimal digit, or nil.
    @inlinable
    package var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
