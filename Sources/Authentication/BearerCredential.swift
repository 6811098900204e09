internal import Bytes

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
        // What else a token may hold is for its reader: a signed token is strict base64url.
        let isOne = start < value.count && value.firstIndex(of: UInt8(ascii: " "), from: start) == nil
        self = isOne && start > 6 ? .token(start..<value.count) : .malformed
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
}
