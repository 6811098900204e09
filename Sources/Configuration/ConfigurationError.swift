/// One thing that is wrong with a configuration file, and where.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, without a full stop.
    package var message: String
    /// The file, as it was named to the gateway.
    package var file: String
    /// Counted from 1; 0 if the file could not be read at all.
    package var line: Int
    /// Counted from 1 in Unicode scalars.
    package var column: Int
    /// The place as a JSON pointer (RFC 6901).
    package var pointer: String
    /// The line of the file; of a long line the part around the place.
    package var sourceLine: String
    /// How many characters of `sourceLine` stand before those that are meant.
    package var indentation: Int
    /// How many characters of `sourceLine` are meant.
    package var width: Int
    /// The word that was probably meant.
    package var suggestion: String?

    /// Place and message in one line.
    package var summary: String {
        var text = line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"
        if let suggestion { text += "; did you mean \"\(suggestion)\"?" }
        return text
    }

    /// The error as a terminal shows it: place and message, the line and carets.
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
    package var errors: [ConfigurationError]

    /// All errors as a terminal shows them, and how many there are.
    package var description: String {
        let count = errors.count == 1 ? "1 error" : "\(errors.count) errors"
        return errors.map(\.description).joined(separator: "\n\n") + "\n\n\(count)"
    }
}
