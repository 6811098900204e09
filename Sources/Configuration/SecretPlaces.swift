import StrictJSON

/// Where a file holds secrets: the bytes that no excerpt may show.
struct SecretPlaces {
    private(set) var ranges: [Range<Int>] = []

    /// Keys whose values are taken for secrets wherever no shape says what they are.
    private static let names: Set<String> = ["secret", "client_secret", "password", "passphrase", "private_key"]

    /// The private parts of a key (RFC 7518 §6).
    private static let keyParts: Set<String> = ["d", "p", "q", "dp", "dq", "qi", "k"]

    /// The secrets of a value, by its shape.
    init(in cursor: Cursor, _ shape: Shape) {
        find(in: cursor.node, shape)
    }

    /// What follows the names of secrets in a text that may not be JSON; rather too much than too little.
    init(inText bytes: [UInt8]) {
        let names = Self.names.union(Self.keyParts)
        var index = 0
        var isExpected = false
        while index < bytes.count {
            var end = index + 1
            switch bytes[index] {
            case UInt8(ascii: "\""):
                end = Self.endOfString(bytes, from: index + 1)
                let text = String(decoding: bytes[min(index + 1, end)..<end], as: UTF8.self)
                if isExpected {
                    ranges.append((index + 1)..<max(index + 1, end))
                } else if !names.contains(text), Self.names.contains(where: { text.contains($0) }) {
                    // A name whose quotation mark is missing, perhaps, and then a secret without one.
                    let start = end
                    end = Self.endOfLine(bytes, from: end)
                    ranges.append(start..<end)
                }
                isExpected = !isExpected && names.contains(text)
                end += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: ":"),
                UInt8(ascii: "["):
                break
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","): isExpected = false
            default:
                guard isExpected else { break }
                end = Self.endOfLine(bytes, from: index)
                ranges.append(index..<end)
                isExpected = false
            }
            index = end
        }
    }

    private static func endOfLine(_ bytes: [UInt8], from start: Int) -> Int {
        bytes[min(start, bytes.count)...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    }

    /// The quotation mark that ends a string, or the end of its line where none does.
    private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\n") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, bytes.count)
    }

    private mutating func find(in node: JSONNode, _ shape: Shape) {
        switch (shape, node.value) {
        case (.secret, .object(let members)):
            for member in members where ObjectShape.secretSource[member.name] == nil { hide(member.node) }
        case (.secret, _), (.string(.passwordHash), _): hide(node)
        case (.object(let object), .object(let members)):
            for member in members where !Cursor.isComment(member.name) {
                let key = object[member.name] ?? object.nearestKey(to: member.name)
                findNamed(member, key.map { $0.presence == .later ? .anyObject : $0.shape } ?? .anyObject)
            }
        case (.list(let element), .array(let elements)), (.path(let element, _), .array(let elements)):
            for node in elements { find(in: node, element) }
        case (.map(let value, _), .object(let members)):
            for member in members { find(in: member.node, value) }
        case (.either(let shapes), _):
            find(in: node, shapes.first { $0.fits(node.value) } ?? .anyObject)
        case (.anyObject, .object(let members)):
            for member in members {
                if Self.keyParts.contains(member.name) { hide(member.node) } else { findNamed(member, .anyObject) }
            }
        case (_, .array(let elements)):
            for node in elements { find(in: node, .anyObject) }
        case (_, .object(let members)):
            for member in members { findNamed(member, .anyObject) }
        default: break
        }
    }

    /// Looks into a member; where its shape says nothing, its name may.
    private mutating func findNamed(_ member: JSONMember, _ shape: Shape) {
        if case .anyObject = shape, Self.names.contains(member.name) {
            find(in: member.node, .secret)
        } else {
            find(in: member.node, shape)
        }
    }

    /// Hides every word and number of a value.
    private mutating func hide(_ node: JSONNode) {
        switch node.value {
        case .string: ranges.append((node.range.lowerBound + 1)..<(node.range.upperBound - 1))
        case .number, .bool, .null: ranges.append(node.range)
        case .array(let elements): for element in elements { hide(element) }
        case .object(let members): for member in members { hide(member.node) }
        }
    }
}
