/// What an `Authorization` field holds (RFC 6750 §2.1, RFC 9110 §11.6.2).
package enum BearerCredential: Equatable, Sendable {
    /// No bearer token: the field is empty or has another scheme.
    case none
    /// A bearer token; where it stands in the field's value.
    case token(Range<Int>)
    /// The scheme `Bearer` without one well-formed token.
    case malformed

    /// Reads the value of the one `Authorization` field.
    ///
    /// - Parameter value: the value without white space around it.
    package init(_ value: Span<UInt8>) {
        guard Self.beginsWithScheme(value) else {
            self = .none
            return
        }
        var start = 6
        while start < value.count && value[start] == UInt8(ascii: " ") { start += 1 }
        var end = start
        while end < value.count && Self.isTokenCharacter(value[end]) { end += 1 }
        let hasCharacters = end > start
        while end < value.count && value[end] == UInt8(ascii: "=") { end += 1 }
        self = hasCharacters && start > 6 && end == value.count ? .token(start..<end) : .malformed
    }

    /// Whether the value begins with the scheme, in any case, and a space or nothing behind it.
    private static func beginsWithScheme(_ value: Span<UInt8>) -> Bool {
        guard value.count >= 6 else { return false }
        guard value[0] | 0x20 == UInt8(ascii: "b"), value[1] | 0x20 == UInt8(ascii: "e"),
            value[2] | 0x20 == UInt8(ascii: "a"), value[3] | 0x20 == UInt8(ascii: "r"),
            value[4] | 0x20 == UInt8(ascii: "e"), value[5] | 0x20 == UInt8(ascii: "r")
        else { return false }
        return value.count == 6 || value[6] == UInt8(ascii: " ") || value[6] == UInt8(ascii: "\t")
    }

    /// The characters of a `b64token` before its padding.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
