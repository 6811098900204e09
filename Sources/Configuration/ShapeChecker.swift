import StrictJSON

/// Compares values with their shapes and reports every difference.
struct ShapeChecker {
    let problems: ProblemCollector

    func check(_ cursor: Cursor, _ shape: Shape) {
        guard !problems.isUnknown(cursor) else { return }
        switch (shape, cursor.node.value) {
        case (.boolean, .bool), (.yes, .bool(true)): break
        case (.yes, .bool(false)):
            problems.report("this is true where it is written; leave the key out otherwise", at: cursor)
        case (.integer(let range), .number(let number)):
            guard let integer = number.integer else { return reportType(cursor, shape) }
            if !range.contains(integer) {
                problems.report("\(integer) is out of range: \(range.lowerBound) to \(range.upperBound)", at: cursor)
            }
        case (.oneOfIntegers(let allowed), .number(let number)):
            if number.integer.map(allowed.contains) != true {
                let words = allowed.map(String.init).joined(separator: " or ")
                problems.report("expected \(words), not \(number.text)", at: cursor)
            }
        case (.string(let form), .string(let text)):
            if let problem = form.problem(in: text) { problems.report(problem, in: text, at: cursor) }
        case (.word(let words, let later), .string(let text)): checkWord(text, words, later, cursor)
        case (.list(let element), .array): checkList(cursor, element, mayRepeat: false)
        case (.anyList(let element), .array): checkList(cursor, element, mayRepeat: false, mayBeEmpty: true)
        case (.path(let element, _), .array): checkList(cursor, element, mayRepeat: true)
        case (.map(let value, let names), .object): checkMap(cursor, value, names)
        case (.object(let object), .object): checkObject(cursor, object)
        case (.keySet, .object), (.anyObject, .object): break
        case (.secret, .string(let text)):
            if text.isEmpty { problems.report("a secret must not be empty", at: cursor) }
        case (.secret, .object): checkObject(cursor, .secretSource)
        case (.secret, .number): problems.report("a secret is a string", as: .wrongType, at: cursor)
        case (.either(let shapes), _):
            guard let fitting = shapes.first(where: { $0.fits(cursor.node.value) }) else {
                return reportType(cursor, shape)
            }
            check(cursor, fitting)
        default: reportType(cursor, shape)
        }
    }

    private func reportType(_ cursor: Cursor, _ shape: Shape) {
        problems.report("expected \(shape.typeName), not \(cursor.node.value.typeName)", as: .wrongType, at: cursor)
    }

    private func checkWord(_ text: String, _ words: [String], _ later: [String], _ cursor: Cursor) {
        if words.contains(text) { return }
        if later.contains(text) {
            return problems.report("\"\(text)\" is not supported yet", as: .notSupported, at: cursor)
        }
        let list = words.map { "\"\($0)\"" }.joined(separator: ", ")
        let message =
            words.count == 1 ? "expected \(list), not \"\(text)\"" : "expected one of \(list), not \"\(text)\""
        problems.report(message, at: cursor, suggestion: nearestWord(to: text, among: words))
    }

    private func checkList(_ cursor: Cursor, _ element: Shape, mayRepeat: Bool, mayBeEmpty: Bool = false) {
        let elements = cursor.elements
        if elements.isEmpty && !mayBeEmpty { problems.report("this list must not be empty", at: cursor) }
        var seen: Set<ExactText> = []
        for value in elements {
            check(value, element)
            if !mayRepeat, let text = value.string, !seen.insert(ExactText(text)).inserted {
                let words = element.holdsSecret(text) ? "this" : "\"\(text)\""
                problems.report("\(words) is listed twice", as: .usedTwice, at: value)
            }
        }
    }

    private func checkMap(_ cursor: Cursor, _ value: Shape, _ names: StringForm) {
        let members = cursor.members
        if members.isEmpty { problems.report("this object must not be empty", at: cursor) }
        for member in members {
            if let problem = names.problem(in: member.name) {
                problems.report(problem.message, at: member.nameRange, pointer: member.value.pointer)
            }
            check(member.value, value)
        }
    }

    private func checkObject(_ cursor: Cursor, _ shape: ObjectShape) {
        let members = cursor.members
        let absent = shape.keys.map(\.name).filter { cursor[$0] == nil }
        var unknown = 0
        for member in members {
            guard let key = shape[member.name] else {
                if let reason = shape.absences[member.name] {
                    problems.report(reason, as: .unknownKey, at: member.nameRange, pointer: member.value.pointer)
                    continue
                }
                unknown += 1
                let suggestion =
                    unknown > ObjectShape.maximumGuesses
                    ? nil : nearestWord(to: member.name, among: absent) ?? shape.nearestKey(to: member.name)?.name
                if let suggestion { problems.noteMistyped(suggestion, in: cursor) }
                problems.report(
                    "unknown key \"\(member.name)\"", as: .unknownKey, at: member.nameRange,
                    pointer: member.value.pointer,
                    suggestion: suggestion)
                continue
            }
            if key.presence == .later {
                problems.report(
                    "\"\(key.name)\" is not supported yet", as: .notSupported, at: member.nameRange,
                    pointer: member.value.pointer)
            } else {
                check(member.value, key.shape)
            }
        }
        checkConditions(cursor, shape)
        for key in shape.keys where isRequired(key, in: cursor) && cursor[key.name] == nil {
            if !problems.isMistyped([key.name], in: cursor) { reportMissing("\"\(key.name)\" is missing", cursor) }
        }
        checkInseparable(cursor, shape)
        if shape.isChoice { checkChoice(cursor, shape, known: members.filter { shape[$0.name] != nil }) }
    }

    private func isRequired(_ key: Key, in cursor: Cursor) -> Bool {
        key.presence == .required && key.condition.holds(in: cursor) && !key.condition.isUnsettled(in: cursor, problems)
    }

    /// Reports keys that mean nothing where they stand.
    private func checkConditions(_ cursor: Cursor, _ shape: ObjectShape) {
        for key in shape.keys where !key.condition.holds(in: cursor) {
            guard let value = cursor[key.name], let words = key.condition.problem(of: key.name, in: cursor, problems)
            else { continue }
            problems.report(
                words, as: .contradiction, at: cursor.nameRange(of: key.name), pointer: value.pointer)
        }
    }

    private func checkInseparable(_ cursor: Cursor, _ shape: ObjectShape) {
        guard let present = shape.inseparable.first(where: { cursor[$0] != nil }), let value = cursor[present],
            let absent = shape.inseparable.first(where: { cursor[$0] == nil }),
            !problems.isMistyped(shape.inseparable, in: cursor)
        else { return }
        problems.report(
            "\"\(present)\" needs \"\(absent)\" beside it", as: .missingKey, at: cursor.nameRange(of: present),
            pointer: value.pointer)
    }

    private func checkChoice(
        _ cursor: Cursor, _ shape: ObjectShape, known: [(name: String, nameRange: Range<Int>, value: Cursor)]
    ) {
        if known.isEmpty && !problems.isMistyped(shape.keys.map(\.name), in: cursor) {
            let names = shape.keys.filter { $0.presence != .later }.map { "\"\($0.name)\"" }
            reportMissing("one of \(names.joined(separator: ", ")) is missing", cursor)
        }
        for extra in known.dropFirst() {
            problems.report(
                "\"\(extra.name)\" cannot stand beside \"\(known[0].name)\": only one of them is possible",
                as: .contradiction, at: extra.nameRange, pointer: extra.value.pointer)
        }
    }

    /// What is missing is shown at the brace that opens the object.
    private func reportMissing(_ message: String, _ cursor: Cursor) {
        let start = cursor.node.range.lowerBound
        problems.report(message, as: .missingKey, at: start..<(start + 1), pointer: cursor.pointer)
    }
}

extension Shape {
    /// Whether a string in the place of this shape is not shown.
    fileprivate func holdsSecret(_ text: String) -> Bool {
        switch self {
        case .string(let form): form.holdsSecret(text)
        case .either(let shapes): shapes.contains { $0.holdsSecret(text) }
        default: false
        }
    }

    /// Whether a value has the JSON type of this shape.
    func fits(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.boolean, .bool), (.yes, .bool), (.integer, .number), (.oneOfIntegers, .number), (.string, .string),
            (.word, .string), (.list, .array), (.anyList, .array), (.path, .array), (.map, .object), (.object, .object),
            (.keySet, .object), (.anyObject, .object), (.secret, .string), (.secret, .object):
            true
        case (.either(let shapes), _): shapes.contains { $0.fits(value) }
        default: false
        }
    }
}

extension JSONValue {
    /// The type, for messages.
    fileprivate var typeName: String {
        switch self {
        case .null: "null"
        case .bool(let truth): truth ? "true" : "false"
        case .number(let number): "the number \(number.text)"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
