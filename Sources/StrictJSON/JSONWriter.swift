import Bytes

extension JSONValue {
    /// An object of these members, in this order.
    package static func members(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONMember(name: $0, nameRange: 0..<0, node: JSONNode(value: $1, range: 0..<0)) })
    }

    /// An array of these elements.
    package static func elements(_ elements: [JSONValue]) -> JSONValue {
        .array(elements.map { JSONNode(value: $0, range: 0..<0) })
    }

    /// A number without fraction.
    package static func integer(_ number: Int) -> JSONValue {
        .number(JSONNumber(text: String(number), integer: number))
    }

    /// The value as a JSON text (RFC 8259) of one line, without its end.
    package var line: [UInt8] {
        var writer = JSONWriter(isOneLine: true)
        writer.write(self, indentation: 0)
        return writer.text
    }

    /// The value as a JSON text (RFC 8259) for people: what fits into a line stands in one. It ends with a line feed.
    package var document: [UInt8] {
        var writer = JSONWriter(isOneLine: false)
        writer.write(self, indentation: 0)
        return writer.text + [UInt8(ascii: "\n")]
    }
}

/// Writes values as JSON texts.
private struct JSONWriter {
    let isOneLine: Bool
    private(set) var text: [UInt8] = []

    /// Where a line of a document should end.
    private static let width = 100

    init(isOneLine: Bool) {
        self.isOneLine = isOneLine
    }

    mutating func write(_ value: JSONValue, indentation: Int) {
        switch value {
        case .null: text += "null".utf8
        case .bool(let truth): text += (truth ? "true" : "false").utf8
        case .number(let number): text += number.text.utf8
        case .string(let string): write(string)
        case .array(let elements):
            write(elements, "[", "]", indentation, isSpread: isSpread(value, indentation)) { writer, element, inner in
                writer.write(element.value, indentation: inner)
            }
        case .object(let members):
            write(members, "{", "}", indentation, isSpread: isSpread(value, indentation)) { writer, member, inner in
                writer.write(member.name)
                writer.text += (writer.isOneLine ? ":" : ": ").utf8
                writer.write(member.node.value, indentation: inner)
            }
        }
    }

    private func isSpread(_ value: JSONValue, _ indentation: Int) -> Bool {
        !isOneLine && !value.fits(into: Self.width - indentation)
    }

    private mutating func write<Part>(
        _ parts: [Part], _ open: String, _ close: String, _ indentation: Int, isSpread: Bool,
        _ write: (inout JSONWriter, Part, Int) -> Void
    ) {
        text += open.utf8
        let inner = indentation + 2
        for (number, part) in parts.enumerated() {
            if number > 0 { text += (isSpread || isOneLine ? "," : ", ").utf8 }
            if isSpread { breakLine(inner) }
            write(&self, part, inner)
        }
        if isSpread { breakLine(indentation) }
        text += close.utf8
    }

    private mutating func breakLine(_ indentation: Int) {
        text.append(UInt8(ascii: "\n"))
        text += repeatElement(UInt8(ascii: " "), count: indentation)
    }

    private mutating func write(_ string: String) {
        text.append(UInt8(ascii: "\""))
        text.append(jsonText: string.utf8.span)
        text.append(UInt8(ascii: "\""))
    }
}

extension JSONValue {
    /// Whether the value takes at most about `width` characters in one line.
    fileprivate func fits(into width: Int) -> Bool {
        var rest = width
        return takes(&rest)
    }

    private func takes(_ rest: inout Int) -> Bool {
        switch self {
        case .null, .bool: rest -= 5
        case .number(let number): rest -= number.text.utf8.count
        case .string(let text): rest -= text.utf8.count + 2
        case .array(let elements):
            rest -= 2
            for element in elements {
                rest -= 2
                guard rest >= 0, element.value.takes(&rest) else { return false }
            }
        case .object(let members):
            rest -= 2
            for member in members {
                rest -= member.name.utf8.count + 6
                guard rest >= 0, member.node.value.takes(&rest) else { return false }
            }
        }
        return rest >= 0
    }
}
