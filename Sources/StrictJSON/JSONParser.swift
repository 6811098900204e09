/// A recursive-descent parser for the grammar of RFC 8259 §2 to §7; the recursion is bounded by `maximumDepth`.
struct JSONParser: ~Escapable {
    let bytes: Span<UInt8>
    var position = 0
    private var remainingDepth: Int
    private let refusesDuplicates: Bool
    private(set) var duplicates: [JSONDuplicate] = []

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, maximumDepth: Int, refusesDuplicates: Bool) {
        self.bytes = bytes
        self.remainingDepth = maximumDepth
        self.refusesDuplicates = refusesDuplicates
    }

    /// Reads the one value of the text and the white space around it.
    @_lifetime(self: copy self)
    mutating func readText() throws(JSONError) -> JSONNode {
        skipWhiteSpace()
        let node = try readValue()
        skipWhiteSpace()
        guard position == bytes.count else { throw JSONError(.trailingCharacters, at: position) }
        return node
    }

    @_lifetime(self: copy self)
    private mutating func readValue() throws(JSONError) -> JSONNode {
        let start = position
        let value: JSONValue
        switch try currentByte() {
        case UInt8(ascii: "\""): value = .string(try readString())
        case UInt8(ascii: "{"): value = .object(try readObject())
        case UInt8(ascii: "["): value = .array(try readArray())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): value = .number(try readNumber())
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): value = try readWord()
        default: throw JSONError(.unexpectedCharacter, at: position)
        }
        return JSONNode(value: value, range: start..<position)
    }

    @_lifetime(self: copy self)
    private mutating func readObject() throws(JSONError) -> [JSONMember] {
        try enter()
        var members: [JSONMember] = []
        var names = JSONNames()
        if skipIfCurrent(UInt8(ascii: "}")) { return leave(with: members) }
        members.reserveCapacity(8)
        while true {
            let nameStart = position
            guard try currentByte() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedCharacter, at: position) }
            let name = try readString()
            let nameRange = nameStart..<position
            skipWhiteSpace()
            try skip(UInt8(ascii: ":"))
            skipWhiteSpace()
            let first = names.position(of: name, in: members)
            if let first, refusesDuplicates {
                throw JSONError(.duplicateName(members[first].name), at: nameStart)
            }
            let node = try readValue()
            if let first {
                let firstRange = members[first].nameRange
                duplicates.append(
                    JSONDuplicate(name: name, nameRange: nameRange, firstRange: firstRange, valueRange: node.range))
            } else {
                names.note(name, at: members.count, among: members)
                members.append(JSONMember(name: name, nameRange: nameRange, node: node))
            }
            skipWhiteSpace()
            if try skipSeparator(or: UInt8(ascii: "}")) { return leave(with: members) }
        }
    }

    @_lifetime(self: copy self)
    private mutating func readArray() throws(JSONError) -> [JSONNode] {
        try enter()
        var elements: [JSONNode] = []
        if skipIfCurrent(UInt8(ascii: "]")) { return leave(with: elements) }
        while true {
            elements.append(try readValue())
            skipWhiteSpace()
            if try skipSeparator(or: UInt8(ascii: "]")) { return leave(with: elements) }
        }
    }

    /// Skips the opening bracket and the white space after it.
    @_lifetime(self: copy self)
    private mutating func enter() throws(JSONError) {
        guard remainingDepth > 0 else { throw JSONError(.tooDeep, at: position) }
        remainingDepth -= 1
        position += 1
        skipWhiteSpace()
    }

    @_lifetime(self: copy self)
    private mutating func leave<Content>(with content: Content) -> Content {
        remainingDepth += 1
        return content
    }

    /// Skips a comma and the white space after it, or `end`.
    ///
    /// - Returns: whether it was `end`.
    @_lifetime(self: copy self)
    private mutating func skipSeparator(or end: UInt8) throws(JSONError) -> Bool {
        let byte = try currentByte()
        guard byte == UInt8(ascii: ",") || byte == end else { throw JSONError(.unexpectedCharacter, at: position) }
        position += 1
        if byte == end { return true }
        skipWhiteSpace()
        return false
    }

    @_lifetime(self: copy self)
    private mutating func readWord() throws(JSONError) -> JSONValue {
        if skipWord("true") { return .bool(true) }
        if skipWord("false") { return .bool(false) }
        if skipWord("null") { return .null }
        throw JSONError(.unknownWord, at: position)
    }

    @_lifetime(self: copy self)
    mutating func skipWord(_ word: String) -> Bool {
        var end = position
        for byte in word.utf8 {
            guard end < bytes.count && bytes[end] == byte else { return false }
            end += 1
        }
        position = end
        return true
    }
}

extension JSONParser {
    func currentByte() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    @_lifetime(self: copy self)
    mutating func skip(_ byte: UInt8) throws(JSONError) {
        guard try currentByte() == byte else { throw JSONError(.unexpectedCharacter, at: position) }
        position += 1
    }

    @_lifetime(self: copy self)
    mutating func skipIfCurrent(_ byte: UInt8) -> Bool {
        guard position < bytes.count && bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Skips what RFC 8259 §2 calls insignificant white space.
    @_lifetime(self: copy self)
    mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }
}
