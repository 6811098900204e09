/// The strings that hold values of environment variables, so that messages show what was written instead.
struct SubstitutedStrings {
    fileprivate struct Entry {
        let value: String
        /// The string as it stands in the file.
        let written: String
    }

    /// In the order of the file, so that the same file gives the same messages.
    private var entries: [Entry] = []
    /// The positions in `entries`, by where the strings start.
    private var positions: [Int: Int] = [:]

    mutating func note(_ value: String, writtenAs written: String, at start: Int) {
        positions[start] = entries.count
        entries.append(Entry(value: value, written: written))
    }

    func has(stringAt start: Int) -> Bool { positions[start] != nil }

    /// `message` with what was written in the place of what variables hold.
    ///
    /// Messages quote what they show. Of the string that a message is about, they may show a part.
    func hidden(in message: String, aboutStringAt start: Int) -> String {
        var text = message
        if let own = positions[start].map({ entries[$0] }), !own.value.isEmpty {
            // Where quotation marks do not tell the parts of a message apart, none of it is shown.
            guard !own.value.contains("\"") else { return "the value of \"\(own.written)\" does not fit here" }
            text = own.hidden(in: message)
        }
        for entry in entries where !entry.value.isEmpty {
            text.replace("\"\(entry.value)\"", with: "\"\(entry.written)\"")
        }
        return text
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
