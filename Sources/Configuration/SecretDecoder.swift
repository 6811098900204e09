import Bytes

/// Reads secrets: from a file, from the environment, or as they are written.
struct SecretDecoder {
    let files: NamedFiles

    /// The secret, or nil if there is none or it cannot be read, which is reported.
    func decode(_ cursor: Cursor?) -> Secret? {
        guard let cursor else { return nil }
        if let text = cursor.string { return text.isEmpty ? nil : Secret(bytes: Array(text.utf8)) }
        if let variable = cursor["env"], let name = variable.string, !name.isEmpty {
            let words = SourceName.isVariable(name) ? "the environment variable \"\(name)\"" : "this variable"
            guard let value = files.surroundings.environment(name) else {
                files.problems.report("\(words) is not set", as: .environment, at: variable)
                return nil
            }
            return secret(Array(value.utf8), words, at: variable)
        }
        guard let place = cursor["file"], let file = files.read(place) else { return nil }
        return secret(Self.withoutLineEnd(file.content), file.words, at: place)
    }

    private func secret(_ bytes: [UInt8], _ source: String, at cursor: Cursor) -> Secret? {
        if bytes.isEmpty { files.problems.report("\(source) is empty", at: cursor) }
        return bytes.isEmpty ? nil : Secret(bytes: bytes)
    }

    /// Editors and `echo` end a file with a line end that nobody means.
    private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }
}
