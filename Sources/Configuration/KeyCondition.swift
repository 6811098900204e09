/// Beside which others a key of an object means something; the others are named by their paths from the same object.
enum KeyCondition: Sendable, Hashable {
    case always
    /// Where one of them is there.
    case with([[String]])
    /// Where none of them is there.
    case without([[String]])

    /// Whether the key means something in `object`, in which it stands or could; nil is one without keys.
    func holds(in object: Cursor?) -> Bool {
        switch self {
        case .always: true
        case .with(let paths): paths.contains { object?.value(at: $0) != nil }
        case .without(let paths): !paths.contains { object?.value(at: $0) != nil }
        }
    }

    /// What to say about a key that is there although the condition does not hold; nil where another fault is the cause.
    func problem(of name: String, in object: Cursor, _ problems: ProblemCollector) -> String? {
        switch self {
        case .always: return nil
        case .without(let paths):
            let present = paths.filter { object.value(at: $0) != nil }
            return "\"\(name)\" cannot stand beside \(Self.words(for: Array(present.prefix(1))))"
        case .with(let paths):
            let isMissing = paths.contains { object.value(at: $0.dropLast())?.members.isEmpty != false }
            if isMissing || isUnsettled(in: object, problems) { return nil }
            return "\"\(name)\" has no effect without \(Self.words(for: paths))"
        }
    }

    /// Whether one of the others was probably meant by an unknown key, so that whether the condition holds is not known.
    func isUnsettled(in object: Cursor, _ problems: ProblemCollector) -> Bool {
        switch self {
        case .always: false
        case .with(let paths), .without(let paths):
            paths.contains { problems.isMistyped($0.suffix(1), in: object.value(at: $0.dropLast())) }
        }
    }

    /// Names that stand in one object, with that object.
    private static func words(for paths: [[String]]) -> String {
        let names = paths.compactMap(\.last).map { "\"\($0)\"" }.joined(separator: " or ")
        return (paths.first?.dropLast() ?? []).reversed().reduce(names) { "\($0) in \"\($1)\"" }
    }
}

extension Cursor {
    /// The value at a path of keys; nil if there is none.
    fileprivate func value(at path: some Sequence<String>) -> Cursor? {
        path.reduce(self as Cursor?) { $0?[$1] }
    }
}
