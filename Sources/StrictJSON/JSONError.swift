/// Why a text was refused, and where.
package struct JSONError: Error, Equatable, Sendable {
    /// What is wrong.
    package enum Kind: Equatable, Sendable {
        /// The text ends in the middle of a value, or is empty.
        case unexpectedEnd
        /// A character stands where the grammar allows none such.
        case unexpectedCharacter
        /// Something other than white space follows the value.
        case trailingCharacters
        /// The text begins with a byte order mark (RFC 8259 §8.1).
        case byteOrderMark
        /// A word is neither `true`, `false` nor `null`.
        case unknownWord
        /// A number does not follow the grammar of RFC 8259 §6.
        case malformedNumber
        /// A control character stands in a string without an escape.
        case controlCharacter
        /// A backslash is followed by something that RFC 8259 §7 does not list.
        case malformedEscape
        /// A `\u` escape names half of a surrogate pair.
        case loneSurrogate
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// An object has two members of this name.
        case duplicateName(String)
        /// Arrays and objects are nested deeper than the limit.
        case tooDeep
        /// The text is larger than the limit.
        case tooLarge
    }

    /// What is wrong.
    package let kind: Kind
    /// The byte offset in the text at which it was noticed.
    package let offset: Int

    /// - Parameters:
    ///   - kind: what is wrong.
    ///   - offset: the byte offset at which it was noticed.
    package init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// What is wrong, in words that end a sentence such as "not JSON: …".
    package var description: String {
        switch kind {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedCharacter: "this character is not allowed here"
        case .trailingCharacters: "nothing may follow the value"
        case .byteOrderMark: "a byte order mark is not allowed"
        case .unknownWord: "expected a value; strings need quotation marks"
        case .malformedNumber: "this is not a JSON number"
        case .controlCharacter: "control characters in strings must be escaped"
        case .malformedEscape: "this escape does not exist"
        case .loneSurrogate: "this escape is half of a surrogate pair"
        case .invalidUTF8: "the text is not UTF-8"
        case .duplicateName(let name): "the key \"\(name)\" occurs twice in this object"
        case .tooDeep: "arrays and objects are nested too deeply"
        case .tooLarge: "the text is too large"
        }
    }
}
