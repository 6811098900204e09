import Bytes

/// Reads the files that a configuration names.
struct NamedFiles {
    let problems: ProblemCollector
    let surroundings: Surroundings
    let paths: PathBase

    /// The file whose path stands at `cursor`, or nil if there is none or it cannot be read, which is reported.
    func read(_ cursor: Cursor?) -> NamedFile? {
        guard let cursor, let written = cursor.string, !written.isEmpty else { return nil }
        let path = paths.resolve(written)
        let words = SourceName.isPath(written) ? "\"\(path)\"" : "this file"
        switch surroundings.contentsOfFile(path) {
        case .failure(let error):
            problems.report("cannot read \(words): \(error.message)", as: .unreadable, at: cursor)
            return nil
        case .success(let content): return NamedFile(path: path, words: words, content: content)
        }
    }
}

/// A file that a configuration names.
struct NamedFile {
    let path: String
    /// What messages call it: its path, unless that may be a secret in the wrong place.
    let words: String
    let content: [UInt8]
}
