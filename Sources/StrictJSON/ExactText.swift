extension String {
    /// Whether both are the same bytes of UTF-8.
    ///
    /// Swift's `==` takes canonically equivalent strings as equal (U+212A, the Kelvin sign, equals "K"); names and
    /// values of tokens and of the policy are compared without normalization (RFC 7515 §5.3, RFC 8259 §8.3).
    package func isExactly(_ other: String) -> Bool {
        // The counts are at hand; for spans, short strings have to be written to memory.
        guard utf8.count == other.utf8.count else { return false }
        let (left, right) = (utf8.span, other.utf8.span)
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }
}

/// A string that is compared and hashed byte by byte, for sets and dictionaries.
package struct ExactText: Hashable, Sendable {
    /// The string itself.
    package let text: String

    /// - Parameter text: the string to compare byte by byte.
    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }

    package func hash(into hasher: inout Hasher) {
        // Eight bytes a step: taking one in costs the hasher as much as taking in eight.
        let bytes = text.utf8.span
        var word: UInt64 = 0
        for index in bytes.indices {
            word = word << 8 | UInt64(bytes[index])
            if index % 8 == 7 { hasher.combine(word) }
        }
        hasher.combine(word)
        hasher.combine(bytes.count)
    }
}
