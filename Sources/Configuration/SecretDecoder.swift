import Bytes

/// Reads secrets: from a file, from the environment, or as they are written.
struct SecretDecoder {
    let problems: ProblemCollector
    let surroundings: Surroundings
    let paths: PathBase

    /// The secret, or nil if there is none or it cannot be read, which is reported.
    func decode(_ cursor: Cursor?) -> Secret? {
        guard let cursor else { return nil }
        if let text = cursor.string { return text.isEmpty ? nil : Secret(bytes: Array(text.utf8)) }
        if let variable = cursor["env"], let name = variable.string, !name.isEmpty {
            guard let value = surroundings.environment(name) else {
                problems.report("the environment variable \"\(name)\" is not set", as: .environment, at: variable)
                return nil
            }
            return secret(Array(value.utf8), "the environment variable \"\(name)\"", at: variable)
        }
        guard let file = cursor["file"], let written = file.string, !written.isEmpty else { return nil }
        let path = paths.resolve(written)
        switch surroundings.contentsOfFile(path) {
        case .failure(let error):
            problems.report("cannot read \"\(path)\": \(error.message)", as: .unreadable, at: file)
            return nil
        case .success(let content): return secret(Self.withoutLineEnd(content), "\"\(path)\"", at: file)
        }
    }

    private func secret(_ bytes: [UInt8], _ source: String, at cursor: Cursor) -> Secret? {
        if bytes.isEmpty { problems.report("\(source) is empty", at: cursor) }
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
