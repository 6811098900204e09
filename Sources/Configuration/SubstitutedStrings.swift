/// The strings that hold values of environment variables, so that messages show what was written instead.
struct SubstitutedStrings {
    fileprivate struct Entry {
        let value: String
        /// The string as it stands in the file.
        let written: String
    }

    /// By where the strings start.
    private var entries: [Int: Entry] = [:]

    mutating func note(_ value: String, writtenAs written: String, at start: Int) {
        entries[start] = Entry(value: value, written: written)
    }

    func has(stringAt start: Int) -> Bool { entries[start] != nil }

    /// `message` with what was written in the place of what variables hold.
    ///
    /// Messages quote what they show. Of the string that a message is about, they may show a part.
    func hidden(in message: String, aboutStringAt start: Int) -> String {
        guard !entries.isEmpty else { return message }
        if let entry = entries[start], !entry.value.isEmpty {
            // Where quotation marks do not tell the parts of a message apart, none of it is shown.
            return entry.value.contains("\"")
                ? "the value of \"\(entry.written)\" does not fit here" : entry.hidden(in: message)
        }
        return entries.values.reduce(message) { text, entry in
            entry.value.isEmpty ? text : text.replacing("\"\(entry.value)\"", with: "\"\(entry.written)\"")
        }
    }
}

extension SubstitutedStrings.Entry {
    /// `message` with every quoted part of the value replaced that the file does not show anyway.
    fileprivate func hidden(in message: String) -> String {
        var parts = message.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        // One character of many says nothing, and many a message quotes one.
        for index in parts.indices where !index.isMultiple(of: 2) && parts[index].utf8.count >= min(2, value.utf8.count)
        {
            let part = parts[index]
            if part.contains(value) {
                parts[index] = part.replacing(value, with: written)
            } else if value.lowercased().contains(part.lowercased()) && !literalText.contains(part) {
                parts[index] = written
            }
        }
        return parts.joined(separator: "\"")
    }

    /// What was written apart from variables.
    private var literalText: String {
        var text = ""
        var rest = written[...]
        while let start = rest.firstRange(of: "${") {
            text += rest[..<start.lowerBound] + "\0"
            rest = rest[start.upperBound...].drop { $0 != "}" }.dropFirst()
        }
        return text + rest
    }
}
