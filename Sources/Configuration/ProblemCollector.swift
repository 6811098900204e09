import StrictJSON

/// Collects what there is to say about a file, so that all of it can be reported at once.
final class ProblemCollector {
    private struct Problem {
        let rule: ConfigurationRule
        let message: String
        let range: Range<Int>
        let pointer: JSONPointer
        var suggestion: String?
    }

    /// The problems of one severity that are not kept.
    private struct LeftOut {
        let first: Problem
        var count = 0

        var summary: Problem {
            let kind = first.rule.severity.rawValue
            return Problem(
                rule: first.rule,
                message: "\(count) more \(kind)\(count == 1 ? " is" : "s are") not shown",
                range: first.range, pointer: first.pointer)
        }
    }

    /// How many problems of a severity are kept.
    private static let maximumCount = 1000
    /// How many characters of a name, a number or a pointer are shown, and how many of a message.
    private static let maximumWord = 200
    private static let maximumMessage = 1000

    let source: SourceText
    private var problems: [Problem] = []
    private var counts: [ConfigurationRule.Severity: Int] = [:]
    private var leftOut: [ConfigurationRule.Severity: LeftOut] = [:]
    /// What was put into strings from the environment.
    private var substitutions = SubstitutedStrings()
    /// Where strings start whose value is not known, since a variable in them is not.
    private var unknownValues: Set<Int> = []
    /// Keys that were probably meant by unknown ones, by the start of their object.
    private var mistypedKeys: [Int: Set<String>] = [:]
    /// The bytes that are not shown in excerpts.
    private var secrets: [Range<Int>] = []
    /// What there is to say about files that this one names.
    private var included: [ProblemCollector] = []
    /// Whether lines of the file may be shown.
    var showsSource = true

    init(source: SourceText) {
        self.source = source
    }

    var hasErrors: Bool { problems.contains { $0.rule.severity == .error } || included.contains(where: \.hasErrors) }

    /// Takes over what there is to say about a file that this one names.
    func include(_ other: ProblemCollector) { included.append(other) }

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
    func isMistyped(_ keys: some Sequence<String>, in object: Cursor?) -> Bool {
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
    ///   - quotesValue: whether the message may quote values of the file, and not only words of the gateway's own.
    func report(
        _ message: String, as rule: ConfigurationRule = .invalidValue, at range: Range<Int>, pointer: JSONPointer,
        suggestion: String? = nil, quotesValue: Bool = true
    ) {
        guard counts[rule.severity, default: 0] < Self.maximumCount else {
            let problem = Problem(rule: rule, message: "", range: range, pointer: pointer)
            leftOut[rule.severity, default: LeftOut(first: problem)].count += 1
            return
        }
        counts[rule.severity, default: 0] += 1
        let start = range.lowerBound
        let shown = quotesValue ? substitutions.hidden(in: message, aboutStringAt: start) : message
        problems.append(
            Problem(
                rule: rule, message: Self.shortened(shown), range: range, pointer: pointer,
                suggestion: substitutions.has(stringAt: start) ? nil : suggestion))
    }

    /// `message` without user information in quoted URLs, and with each quoted part and the whole cut.
    private static func shortened(_ message: String) -> String {
        let parts = message.split(separator: "\"", omittingEmptySubsequences: false).map { part in
            (UserInformation.masked(in: String(part)) ?? String(part)).cut(to: maximumWord)
        }
        return parts.joined(separator: "\"").cut(to: maximumMessage)
    }

    /// Notes a problem of a value.
    func report(
        _ message: String, as rule: ConfigurationRule = .invalidValue, at cursor: Cursor, suggestion: String? = nil,
        quotesValue: Bool = true
    ) {
        report(
            message, as: rule, at: cursor.node.range, pointer: cursor.pointer, suggestion: suggestion,
            quotesValue: quotesValue)
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

    /// What was noted, in the order of the file, and then what was noted of the files that it names.
    ///
    /// - Parameter severity: which of it.
    /// - Returns: findings that show neither secrets nor values of the environment.
    func findings(_ severity: ConfigurationRule.Severity) -> [ConfigurationFinding] {
        var order = problems.indices.filter { problems[$0].rule.severity == severity }
        order.sort { (problems[$0].range.lowerBound, $0) < (problems[$1].range.lowerBound, $1) }
        let own = order.map { finding(problems[$0]) } + (leftOut[severity].map { [finding($0.summary)] } ?? [])
        return own + included.flatMap { $0.findings(severity) }
    }

    private func finding(_ problem: Problem) -> ConfigurationFinding {
        let start = problem.range.lowerBound
        let excerpt = showsSource ? SourceExcerpt(of: problem.range, in: source, hiding: secrets) : nil
        return ConfigurationFinding(
            rule: problem.rule, message: problem.message, file: source.file, line: source.line(at: start),
            column: source.column(at: start), pointer: problem.pointer.description.cut(to: Self.maximumWord),
            sourceLine: excerpt?.text ?? "", indentation: excerpt?.indentation ?? 0, width: excerpt?.width ?? 1,
            suggestion: problem.suggestion)
    }
}

/// What is wrong with a string.
struct ValueProblem: Error {
    let message: String
    /// The byte of the string that is meant; nil for the whole string.
    var offset: Int?
    var suggestion: String?
}

extension String {
    /// The text with `…` in the place of what is beyond `count` characters.
    fileprivate func cut(to count: Int) -> String {
        guard utf8.count > count else { return self }
        let end = unicodeScalars.index(startIndex, offsetBy: count, limitedBy: endIndex) ?? endIndex
        return end < endIndex ? self[..<end] + "…" : self
    }
}
