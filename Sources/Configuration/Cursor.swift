import StrictJSON

/// A value of the file and its place; what has another type than the caller asks for is nil, since the shape reported it.
struct Cursor {
    let node: JSONNode
    let pointer: JSONPointer

    /// Keys that any object may have, without meaning to the gateway.
    static func isComment(_ name: String) -> Bool { name == "$schema" || name == "$comment" }

    subscript(name: String) -> Cursor? {
        node[name].map { Cursor(node: $0, pointer: .key(pointer, name)) }
    }

    /// The members of an object in file order, without comments.
    var members: [(name: String, nameRange: Range<Int>, value: Cursor)] {
        (node.object ?? []).filter { !Self.isComment($0.name) }.map { member in
            (member.name, member.nameRange, Cursor(node: member.node, pointer: .key(pointer, member.name)))
        }
    }

    var elements: [Cursor] {
        (node.array ?? []).enumerated().map { Cursor(node: $1, pointer: .element(pointer, $0)) }
    }

    /// The range of the name of the member `name`; the whole object if it has none.
    func nameRange(of name: String) -> Range<Int> {
        node.object?.first { $0.name == name }?.nameRange ?? node.range
    }

    var string: String? { node.string }
    var integer: Int? { node.number?.integer }
    var boolean: Bool? { node.bool }

    /// The strings of an array.
    var strings: [String]? { node.array?.compactMap(\.string) }

    /// The duration that a string stands for.
    var duration: Duration? {
        let any = TextRange(lowest: Duration.zero, highest: .seconds(Int64.max >> 1), description: "")
        return string.flatMap { try? QuantityText.duration.parse($0, in: any) }
    }

    /// The size in bytes that a string stands for; `unlimited` is none.
    var size: Int? {
        string.flatMap { try? QuantityText.size.parse($0, in: TextRange(lowest: 0, highest: .max, description: "")) }
    }

    /// The value of an enumeration that a string stands for.
    func choice<Choice: RawRepresentable>(_: Choice.Type) -> Choice? where Choice.RawValue == String {
        string.flatMap { Choice(rawValue: $0) }
    }

    /// The pointer to a key that its object already had, which therefore is not in the tree.
    func pointer(to duplicate: JSONDuplicate) -> JSONPointer {
        let place = duplicate.nameRange.lowerBound
        let children = elements + (node.object ?? []).map { Cursor(node: $0.node, pointer: .key(pointer, $0.name)) }
        guard let child = children.first(where: { $0.node.range.contains(place) }) else {
            return .key(pointer, duplicate.name)
        }
        return child.pointer(to: duplicate)
    }
}
