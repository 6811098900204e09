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
    /// How many Unicode scalars of the line are meant.
    package var width: Int
    /// The place as a JSON pointer (RFC 6901).
    package var pointer: String
    /// The line of the file, without its end.
    package var sourceLine: String
    /// The word that was probably meant.
    package var suggestion: String?

    /// The error as a terminal shows it: place and message, the line and a caret.
    package var description: String {
        var text = line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"
        if let suggestion { text += "; did you mean \"\(suggestion)\"?" }
        guard line > 0 else { return text }
        let excerpt = SourceExcerpt(line: sourceLine, column: column, width: width)
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        text += "\n \(margin) |"
        if !pointer.isEmpty { text += " at \(pointer)" }
        text += "\n \(number) | \(excerpt.text)\n \(margin) | \(excerpt.marker)"
        return text
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
