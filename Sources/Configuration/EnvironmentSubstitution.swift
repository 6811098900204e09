import StrictJSON

/// Puts the values of environment variables in the place of `${NAME}` and `${NAME:-default}` in strings.
///
/// It works on values that are already parsed, so that a variable can never add structure; `$${` stands for `${`.
struct EnvironmentSubstitution {
    /// The value of a variable, or nil if there is none of this name.
    let environment: (String) -> String?
    let problems: ProblemCollector

    /// Whether a text may hold a variable: `${`, or characters written as escapes.
    static func mayOccur(in text: [UInt8]) -> Bool {
        zip(text, text.dropFirst()).contains { first, second in
            first == UInt8(ascii: "$") && second == UInt8(ascii: "{")
                || first == UInt8(ascii: "\\") && second == UInt8(ascii: "u")
        }
    }

    /// The same value with all its strings substituted.
    func substitute(in cursor: Cursor) -> JSONNode {
        let node = cursor.node
        switch node.value {
        case .string(let text):
            guard text.utf8.contains(UInt8(ascii: "$")), text.contains("${") else { return node }
            return JSONNode(value: .string(substitute(in: text, at: cursor)), range: node.range)
        case .array:
            return JSONNode(value: .array(cursor.elements.map(substitute(in:))), range: node.range)
        case .object(let members):
            let substituted = members.map { member in
                let value = Cursor(node: member.node, pointer: .key(cursor.pointer, member.name))
                let isComment = Cursor.isComment(member.name)
                return JSONMember(
                    name: member.name, nameRange: member.nameRange,
                    node: isComment ? member.node : substitute(in: value))
            }
            return JSONNode(value: .object(substituted), range: node.range)
        case .null, .bool, .number: return node
        }
    }

    private func substitute(in text: String, at cursor: Cursor) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var isKnown = true
        var hasVariable = false
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: "$${".utf8) {
                result += "${".utf8
                index += 3
            } else if bytes[index...].starts(with: "${".utf8) {
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                    let problem = ValueProblem(
                        message: "\"${\" needs a closing \"}\" (\"$${\" stands for \"${\" itself)", offset: index)
                    problems.report(problem, as: .environment, in: text, at: cursor)
                    isKnown = false
                    break
                }
                hasVariable = true
                do {
                    result += try value(of: String(decoding: bytes[(index + 2)..<end], as: UTF8.self), at: index).utf8
                } catch {
                    problems.report(error, as: .environment, in: text, at: cursor)
                    isKnown = false
                }
                index = end + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        guard isKnown else {
            problems.noteUnknownValue(cursor)
            return ""
        }
        let value = String(decoding: result, as: UTF8.self)
        if hasVariable { problems.noteSubstitution(of: value, writtenAs: text, at: cursor) }
        return value
    }

    /// The value of what stands between the braces.
    private func value(of reference: String, at offset: Int) throws(ValueProblem) -> String {
        let separator = reference.firstRange(of: ":-")
        let name = String(reference[..<(separator?.lowerBound ?? reference.endIndex)])
        let isName = name.utf8.enumerated().allSatisfy { position, byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): position > 0
            default: false
            }
        }
        guard isName, !name.isEmpty else {
            throw ValueProblem(
                message: "\"${\(reference)}\" does not name an environment variable; write ${NAME} or ${NAME:-default}",
                offset: offset)
        }
        let value = environment(name)
        if let separator {
            return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(reference[separator.upperBound...])
        }
        guard let value else {
            throw ValueProblem(message: "the environment variable \"\(name)\" is not set", offset: offset)
        }
        return value
    }
}
