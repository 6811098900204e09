import StrictJSON

/// Collects what there is to say about a file, so that all of it can be reported at once.
final class ProblemCollector {
    private struct Problem {
        let rule: ConfigurationRule
        let message: String
        let range: Range<Int>
        let pointer: JSONPointer
        let suggestion: String?
    }

    let source: SourceText
    private var problems: [Problem] = []
    /// What was put into strings from the environment.
    private var substitutions = SubstitutedStrings()
    /// Where strings start whose value is not known, since a variable in them is not.
    private var unknownValues: Set<Int> = []
    /// Keys that were probably meant by unknown ones, by the start of their object.
    private var mistypedKeys: [Int: Set<String>] = [:]
    /// The bytes that are not shown in excerpts.
    private var secrets: [Range<Int>] = []

    init(source: SourceText) {
        self.source = source
    }

    var hasErrors: Bool { problems.contains { $0.rule.severity == .error } }

    /// Notes the bytes of the file that must not be shown.
    func hide(_ ranges: [Range<Int>]) { secrets += ranges }

    /// Notes that a string was written as `text` before variables were put into it.
    func noteSubstitution(of value: String, writtenAs text: String, at cursor: Cursor) {
        substitutions.note(value, writtenAs: text, at: cursor.node.range.lowerBound)
    }

    /// Notes that the value of a string is not known, so that nothing else is said about it.
    func noteUnknownValue(_ cursor: Cursor) { unknownValues.insert(cursor.node.range.lowerBound) }

    /// Whether it was noted that a value is not known.
    func isUnknown(_ cursor: Cursor) -> Bool { unknownValues.contains(cursor.node.range.lowerBound) }

    /// Notes that `key` was probably meant by an unknown key of an object, so that it is not reported as missing, too.
    func noteMistyped(_ key: String, in object: Cursor) {
        mistypedKeys[object.node.range.lowerBound, default: []].insert(key)
    }

    /// Whether one of `keys` was probably meant by an unknown key of an object.
    func isMistyped(_ keys: [String], in object: Cursor?) -> Bool {
        guard let mistyped = object.flatMap({ mistypedKeys[$0.node.range.lowerBound] }) else { return false }
        return keys.contains(where: mistyped.contains)
    }

    /// Notes a problem.
    ///
    /// - Parameters:
    ///   - message: what is wrong, without a full stop; values of environment variables in it are not shown.
    ///   - rule: what kind of fault it is.
    ///   - range: the bytes of the file that are meant.
    ///   - pointer: the place as a JSON pointer.
    ///   - suggestion: the word that was probably meant.
    func report(
        _ message: String, as rule: ConfigurationRule = .invalidValue, at range: Range<Int>, pointer: JSONPointer,
        suggestion: String? = nil
    ) {
        let isSubstituted = substitutions.has(stringAt: range.lowerBound)
        problems.append(
            Problem(
                rule: rule, message: substitutions.hidden(in: message, aboutStringAt: range.lowerBound), range: range,
                pointer: pointer, suggestion: isSubstituted ? nil : suggestion))
    }

    /// Notes a problem of a value.
    func report(
        _ message: String, as rule: ConfigurationRule = .invalidValue, at cursor: Cursor, suggestion: String? = nil
    ) {
        report(message, as: rule, at: cursor.node.range, pointer: cursor.pointer, suggestion: suggestion)
    }

    /// Notes a problem of a part of a string.
    ///
    /// - Parameters:
    ///   - problem: what is wrong with the string.
    ///   - rule: what kind of fault it is.
    ///   - value: the string after escapes and substitutions.
    ///   - cursor: where it stands.
    func report(
        _ problem: ValueProblem, as rule: ConfigurationRule = .invalidValue, in value: String, at cursor: Cursor
    ) {
        let whole = cursor.node.range
        let isSubstituted = substitutions.has(stringAt: whole.lowerBound)
        let place = isSubstituted ? nil : problem.offset.map { source.place(of: $0, in: value, at: whole) }
        report(
            problem.message, as: rule, at: place ?? whole, pointer: cursor.pointer, suggestion: problem.suggestion)
    }

    /// The line of a value, for messages that name it.
    func line(of cursor: Cursor) -> Int { source.line(at: cursor.node.range.lowerBound) }

    /// What was noted, in the order of the file.
    ///
    /// - Parameter severity: which of it.
    /// - Returns: findings that show neither secrets nor values of the environment.
    func findings(_ severity: ConfigurationRule.Severity) -> [ConfigurationFinding] {
        var order = problems.indices.filter { problems[$0].rule.severity == severity }
        order.sort { (problems[$0].range.lowerBound, $0) < (problems[$1].range.lowerBound, $1) }
        var previous = 0
        var column = 1
        return order.map { number in
            let problem = problems[number]
            let start = problem.range.lowerBound
            // Counted on from the problem before in the same line: a file may be one long line.
            let lineStart = source.lineRange(at: start).lowerBound
            if previous < lineStart {
                previous = lineStart
                column = 1
            }
            column += source.scalarCount(previous..<start)
            previous = start
            let excerpt = SourceExcerpt(of: problem.range, in: source, hiding: secrets)
            return ConfigurationFinding(
                rule: problem.rule, message: problem.message, file: source.file, line: source.line(at: start),
                column: column, pointer: problem.pointer.description, sourceLine: excerpt.text,
                indentation: excerpt.indentation, width: excerpt.width, suggestion: problem.suggestion)
        }
    }
}

/// What is wrong with a string.
struct ValueProblem: Error {
    let message: String
    /// The byte of the string that is meant; nil for the whole string.
    var offset: Int?
    var suggestion: String?
}
