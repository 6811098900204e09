/// One thing to say about a configuration file, and where.
package struct ConfigurationFinding: Sendable, Equatable, CustomStringConvertible {
    /// What kind of fault it is, which also says how grave.
    package var rule: ConfigurationRule
    /// What is wrong, without a full stop; never with a secret or a value of an environment variable.
    package var message: String
    /// The file, as it was named to the gateway.
    package var file: String
    /// Counted from 1; 0 if the file could not be read at all.
    package var line: Int
    /// Counted from 1 in Unicode scalars.
    package var column: Int
    /// The place as a JSON pointer (RFC 6901).
    package var pointer: String
    /// The line of the file, with secrets blanked; of a long line the part around the place.
    package var sourceLine: String
    /// How many characters of `sourceLine` stand before those that are meant.
    package var indentation: Int
    /// How many characters of `sourceLine` are meant.
    package var width: Int
    /// The word that was probably meant.
    package var suggestion: String?

    /// Place and message in one line.
    package var summary: String {
        let place = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
        var text = place + (rule.severity == .warning ? "warning: " : "") + message
        if let suggestion { text += "; did you mean \"\(suggestion)\"?" }
        return text
    }

    /// The finding as a terminal shows it: place and message, the line and carets.
    package var description: String {
        var text = summary
        guard line > 0 else { return text }
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        text += pointer.isEmpty ? "" : "\n \(margin) at \(pointer)"
        text += "\n \(number) | \(sourceLine)\n \(margin) | "
        return text + String(repeating: " ", count: indentation) + String(repeating: "^", count: width)
    }
}

/// Everything that is wrong with a configuration file, in the order of the file.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    package var errors: [ConfigurationFinding]

    /// All errors as a terminal shows them, and how many there are.
    package var description: String { errors.terminalText }
}

extension [ConfigurationFinding] {
    /// All findings as a terminal shows them, and how many errors and warnings there are; empty if there are none.
    package var terminalText: String {
        guard !isEmpty else { return "" }
        func count(_ severity: ConfigurationRule.Severity) -> String? {
            let number = self.count { $0.rule.severity == severity }
            return number == 0 ? nil : "\(number) \(severity.rawValue)\(number == 1 ? "" : "s")"
        }
        let counts = [count(.error), count(.warning)].compactMap(\.self).joined(separator: ", ")
        return map(\.description).joined(separator: "\n\n") + "\n\n\(counts)"
    }
}
