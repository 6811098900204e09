/// Replaces comments and string literals by spaces, so that checks see code only; line feeds stay.
struct CodeBlanker {
    private let text: [UInt8]
    private var output: [UInt8] = []
    private var position = 0

    init(_ text: String) {
        self.text = Array(text.utf8)
    }

    mutating func blanked() -> String {
        while position < text.count { step() }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func step() {
        if starts("//") {
            while position < text.count, text[position] != UInt8(ascii: "\n") { blank(1) }
        } else if starts("/*") {
            blankBlockComment()
        } else if let hashes = rawStringHashes() {
            blankString(hashes: hashes)
        } else {
            output.append(text[position])
            position += 1
        }
    }

    private func starts(_ token: String, at offset: Int = 0) -> Bool {
        text[Swift.min(position + offset, text.count)...].starts(with: token.utf8)
    }

    /// Copies line feeds and turns every other byte into a space.
    private mutating func blank(_ count: Int) {
        for byte in text[position..<Swift.min(position + count, text.count)] {
            output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
        }
        position += count
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && position < text.count
    }

    /// How many `#` stand before a quotation mark here, or nil if no string begins here.
    private func rawStringHashes() -> Int? {
        let hashes = text[position...].prefix { $0 == UInt8(ascii: "#") }.count
        return starts("\"", at: hashes) ? hashes : nil
    }

    private mutating func blankString(hashes: Int) {
        let mark = starts("\"\"\"", at: hashes) ? "\"\"\"" : "\""
        let end = mark + String(repeating: "#", count: hashes)
        let escape = "\\" + String(repeating: "#", count: hashes)
        blank(hashes + mark.utf8.count)
        while position < text.count && !starts(end) {
            if starts(escape + "(") {
                blank(escape.utf8.count)
                blankInterpolation()
            } else if starts(escape) {
                blank(escape.utf8.count + 1)
            } else {
                blank(1)
            }
        }
        blank(end.utf8.count)
    }

    private mutating func blankInterpolation() {
        var depth = 0
        repeat {
            if let hashes = rawStringHashes() {
                blankString(hashes: hashes)
                continue
            }
            if text[position] == UInt8(ascii: "(") { depth += 1 }
            if text[position] == UInt8(ascii: ")") { depth -= 1 }
            blank(1)
        } while depth > 0 && position < text.count
    }
}
