/// The conventions that can be seen in the names of files and in README.md.
enum TreeChecks {
    static let topLevel: Set<String> = ["Package.swift", "Sources", "Tests", "gateway.json", "Deploy", "README.md"]

    /// - Parameters:
    ///   - entries: the names at the top of the repository.
    ///   - ignored: the text of .gitignore.
    /// - Returns: the entries that belong elsewhere.
    static func topLevelEntries(_ entries: [String], ignored: String) -> [Finding] {
        let ignoredNames = Set(ignored.split(separator: "\n").map { $0.filter { $0 != "/" } })
        return entries.sorted().filter { entry in
            !entry.hasPrefix(".") && !topLevel.contains(entry) && !ignoredNames.contains(entry)
        }.map {
            Finding(path: $0, line: 1, message: "not a place at the top level: put it below Sources, Tests or Deploy")
        }
    }

    /// The codemap is the section of README.md whose heading says so; each of its rows or items begins with a name in
    /// backquotes. It names every folder of `Sources`, and nothing that is not there.
    ///
    /// - Parameters:
    ///   - readme: the text of README.md.
    ///   - modules: the folders below `Sources`.
    ///   - exists: whether a path below the repository exists.
    /// - Returns: where map and tree differ.
    static func codemap(_ readme: String, modules: [String], exists: (String) -> Bool) -> [Finding] {
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("#") && $0.lowercased().contains("codemap") }) else {
            return [Finding(path: "README.md", line: 1, message: "there is no section named Codemap: add one")]
        }
        var findings: [Finding] = []
        var named: Set<String> = []
        for (index, line) in lines.enumerated().dropFirst(start + 1) {
            if line.hasPrefix("#") { break }
            let text = line.drop { " |-*".contains($0) }
            guard text.first == "`", line.first.map({ "|-*".contains($0) }) == true else { continue }
            for entry in names(in: text) {
                let name = entry.hasPrefix("Sources/") ? String(entry.dropFirst("Sources/".count)) : entry
                named.insert(name)
                if !exists("Sources/\(name)") && !exists(entry) {
                    findings.append(
                        Finding(
                            path: "README.md", line: index + 1,
                            message: "the codemap names \(entry), which is not there: remove it"))
                }
            }
        }
        findings += modules.sorted().filter { !named.contains($0) }.map {
            Finding(path: "README.md", line: start + 1, message: "the codemap lacks Sources/\($0): add a line for it")
        }
        return findings
    }

    /// The names in backquotes in the first cell of a row.
    private static func names(in row: Substring) -> [String] {
        let cell = row.prefix { $0 != "|" && $0 != ":" }
        return cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }
            .map { $0.element.hasSuffix("/") ? String($0.element.dropLast()) : String($0.element) }
    }
}
