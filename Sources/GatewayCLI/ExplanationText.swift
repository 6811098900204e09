import AccessLog
import Bytes
import Gateway

/// An explanation as a terminal shows it: the outcome, then a line or more for each fact; `+` and `-` say how checks went.
struct ExplanationText {
    private let explanation: Explanation

    init(_ explanation: Explanation) {
        self.explanation = explanation
    }

    var text: String {
        let facts = explanation.steps.flatMap(\.facts)
        let width = facts.map(\.key.count).max() ?? 0
        var parts = [Self.outcome(explanation.outcome)]
        for step in explanation.steps where !step.facts.isEmpty {
            let lines = step.facts.flatMap { Self.lines(of: $0, width: width) }
            parts.append(([Self.words(step.key)] + lines).joined(separator: "\n"))
        }
        if !explanation.remedies.isEmpty {
            parts.append(
                (["would have passed with"] + explanation.remedies.map { "  * \($0)" }).joined(separator: "\n"))
        }
        return Self.printable(parts.joined(separator: "\n\n"))
    }

    /// The decision, why, and what the client sees.
    static func outcome(_ outcome: DecisionOutcome) -> String {
        var lines = ["\(outcome.decision.word): \(outcome.reason.rawValue)"]
        if let reason = outcome.wouldDeny { lines[0] += ", although it would be denied for \(reason.rawValue)" }
        if let route = outcome.route { lines.append("  route      \(route)") }
        if let upstream = outcome.upstream, let path = outcome.upstreamPath {
            lines.append("  upstream   \(upstream), \(path)")
        }
        if let status = outcome.status { lines.append("  status     \(status)") }
        if let challenge = outcome.challenge { lines.append("  challenge  \(challenge)") }
        if let detail = outcome.detail { lines.append("  detail     \(detail)") }
        return lines.joined(separator: "\n")
    }

    private static func lines(of fact: Explanation.Fact, width: Int) -> [String] {
        let mark =
            switch fact.mark {
            case .none: " "
            case .passed: "+"
            case .failed: "-"
            }
        let label = words(fact.key)
        let margin = String(repeating: " ", count: width + 4)
        let gap = String(repeating: " ", count: width + 2 - label.count)
        return fact.lines.enumerated().map { $0 == 0 ? "\(mark) \(label)\(gap)\($1)" : margin + $1 }
    }

    private static func words(_ key: String) -> String {
        String(key.map { $0 == "_" ? " " : $0 })
    }

    /// The text without what could steer a terminal; line ends stay.
    private static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            let isControl = scalar.value < 0x20 && scalar != "\n" || (0x7F..<0xA0).contains(scalar.value)
            return isControl ? "\u{FFFD}" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
