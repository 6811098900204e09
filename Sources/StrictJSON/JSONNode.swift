/// A value of a JSON text and where it stands.
package struct JSONNode: Sendable {
    /// What stands there.
    package let value: JSONValue
    /// Where it stands: byte offsets in the text that was read.
    package let range: Range<Int>

    /// - Parameters:
    ///   - value: what stands there.
    ///   - range: byte offsets in the text that was read.
    package init(value: JSONValue, range: Range<Int>) {
        self.value = value
        self.range = range
    }

    /// The member of this name if the value is an object that has it, or nil.
    ///
    /// Names are compared byte by byte, without normalization (RFC 8259 §8.3).
    package subscript(name: String) -> JSONNode? {
        guard case .object(let members) = value else { return nil }
        return members.position(of: name).map { members[$0].node }
    }

    /// The text if the value is a string, or nil.
    package var string: String? {
        if case .string(let text) = value { text } else { nil }
    }

    /// The number if the value is one, or nil.
    package var number: JSONNumber? {
        if case .number(let number) = value { number } else { nil }
    }

    /// The truth value if the value is one, or nil.
    package var bool: Bool? {
        if case .bool(let truth) = value { truth } else { nil }
    }

    /// The elements if the value is an array, or nil.
    package var array: [JSONNode]? {
        if case .array(let elements) = value { elements } else { nil }
    }

    /// The members in the order of the text if the value is an object, or nil.
    package var object: [JSONMember]? {
        if case .object(let members) = value { members } else { nil }
    }
}

/// The kinds of JSON values (RFC 8259 §3).
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONNode])
    case object([JSONMember])
}

/// A member of a JSON object (RFC 8259 §4).
package struct JSONMember: Sendable {
    /// The name with its escapes resolved.
    package let name: String
    /// Where the name stands, quotation marks included: byte offsets in the text that was read.
    package let nameRange: Range<Int>
    /// The value.
    package let node: JSONNode
    /// The summary of the name: where two differ, so do the names.
    let nameSummary: UInt64

    /// - Parameters:
    ///   - name: the name with its escapes resolved.
    ///   - nameRange: byte offsets of the name, quotation marks included.
    ///   - node: the value.
    package init(name: String, nameRange: Range<Int>, node: JSONNode) {
        self.name = name
        self.nameRange = nameRange
        self.node = node
        self.nameSummary = Self.summary(of: name)
    }

    /// The length and the first bytes of a name, so that most names are told apart without looking at their text.
    static func summary(of name: String) -> UInt64 {
        let bytes = name.utf8.span
        var summary = UInt64(truncatingIfNeeded: bytes.count)
        for index in 0..<min(bytes.count, 7) { summary = summary << 8 | UInt64(bytes[index]) }
        return summary
    }
}

extension [JSONMember] {
    /// The position of the member of this name, or nil.
    func position(of name: String) -> Int? {
        let summary = JSONMember.summary(of: name)
        for index in indices where self[index].nameSummary == summary && self[index].name.isExactly(name) {
            return index
        }
        return nil
    }
}

/// A JSON number as it was written (RFC 8259 §6).
package struct JSONNumber: Sendable, Equatable {
    /// The characters of the number.
    package let text: String
    /// The value if it was written without fraction and exponent and fits, or nil.
    package let integer: Int?

    /// - Parameters:
    ///   - text: the characters of the number, which follow the grammar of RFC 8259 §6.
    ///   - integer: the value if it was written without fraction and exponent and fits.
    package init(text: String, integer: Int?) {
        self.text = text
        self.integer = integer
    }

    /// The nearest double; infinite where the number is beyond the range of doubles.
    package var asDouble: Double {
        if let integer { Double(integer) } else { Double(text) ?? .infinity }
    }
}
