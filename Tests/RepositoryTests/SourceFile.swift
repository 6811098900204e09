/// A Swift file, as written and with everything blanked that is not code.
struct SourceFile {
    /// Relative to the repository, such as `Sources/HTTP/Method.swift`.
    let path: String
    /// The lines as written.
    let lines: [Substring]
    /// The lines with comments and string literals replaced by spaces.
    let code: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var blanker = CodeBlanker(text)
        code = blanker.blanked().split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The file's name without its extension.
    var name: Substring { path.split(separator: "/").last.map { $0.dropLast(".swift".count) } ?? "" }

    /// The target that the file belongs to: the folder below `Sources` or `Tests`.
    var target: Substring { path.split(separator: "/").dropFirst().first ?? "" }

    var isTest: Bool { path.hasPrefix("Tests/") }

    func finding(_ index: Int, _ message: String) -> Finding {
        Finding(path: path, line: index + 1, message: message)
    }
}

extension Substring {
    /// The identifiers and keywords of a line of code.
    var words: [Substring] {
        split { !($0.isLetter || $0.isNumber || $0 == "_") }
    }

    var indentation: Int { prefix { $0 == " " }.count }

    var isBlank: Bool { allSatisfy { $0 == " " } }
}
