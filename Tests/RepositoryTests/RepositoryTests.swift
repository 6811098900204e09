import FoundationEssentials
import Testing

@Suite("conventions.md: style as a test")
struct RepositoryTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    private static func entries(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)").filter { !$0.hasPrefix(".") }
    }

    private static func isFolder(_ path: String) -> Bool {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)")) != nil
    }

    private static func swiftFiles(below folder: String) throws -> [SourceFile] {
        try entries(folder).sorted().flatMap { entry in
            let path = "\(folder)/\(entry)"
            if entry.hasSuffix(".swift") { return [SourceFile(path: path, text: try text(path))] }
            return isFolder(path) ? try swiftFiles(below: path) : []
        }
    }

    @Test("no Swift file breaks a convention", arguments: ["Sources", "Tests"])
    func files(_ folder: String) throws {
        let table = DependencyTable(manifest: try Self.text("Package.swift"))
        let files = try Self.swiftFiles(below: folder)
        #expect(!files.isEmpty)
        for file in files {
            for finding in StyleChecks.all(file, table) { Issue.record("\(finding)") }
        }
    }

    @Test("every folder of Sources is a target of Package.swift")
    func targets() throws {
        let table = DependencyTable(manifest: try Self.text("Package.swift"))
        #expect(Set(table.dependencies.keys).isSuperset(of: try Self.entries("Sources")))
    }

    @Test("the top level holds what the architecture names, and nothing else")
    func topLevel() throws {
        for finding in TreeChecks.topLevelEntries(try Self.entries("."), ignored: try Self.text(".gitignore")) {
            Issue.record("\(finding)")
        }
    }

    @Test("the codemap of README.md matches the tree")
    func codemap() throws {
        let findings = TreeChecks.codemap((try? Self.text("README.md")) ?? "", modules: try Self.entries("Sources")) {
            FileManager.default.fileExists(atPath: "\(Self.root)/\($0)")
        }
        for finding in findings { Issue.record("\(finding)") }
    }
}
