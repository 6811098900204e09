/// The forms of a path that servers are known to read in more than one way.
package struct PathForms: OptionSet, Hashable, Sendable {
    /// One bit for each form.
    package let rawValue: UInt8

    /// The forms whose bits are set.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `%2F`.
    package static let encodedSlash = Self(rawValue: 1)
    /// `%5C`.
    package static let encodedBackslash = Self(rawValue: 2)
    /// `//`.
    package static let emptySegments = Self(rawValue: 4)
    /// `;` or `%3B` and what follows in the segment.
    package static let parameters = Self(rawValue: 8)
    /// `%25` and two hexadecimal digits.
    package static let doubleEncoding = Self(rawValue: 16)
    /// An escape of a character that may stand in a path as it is, such as `%40`.
    package static let encodedReserved = Self(rawValue: 32)
    /// Escapes that do not decode to UTF-8. There is no other reading of these: a route allows them or not.
    package static let invalidUTF8 = Self(rawValue: 64)

    /// The form that a route allows by `name`; nil for an unknown word.
    ///
    /// - Parameter name: the word of the configuration, such as `encoded_slash`.
    package init?(name: String) {
        switch name {
        case "encoded_slash": self = .encodedSlash
        case "encoded_backslash": self = .encodedBackslash
        case "empty_segments": self = .emptySegments
        case "parameters": self = .parameters
        case "double_encoding": self = .doubleEncoding
        case "invalid_utf8": self = .invalidUTF8
        default: return nil
        }
    }
}
