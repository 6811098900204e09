import Testing

@Suite("the checks of RepositoryTests find what they look for")
struct StyleCheckTests {
    private let table = DependencyTable(
        manifest: """
            let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
            let package = Package(
                targets: [
                    .systemLibrary(name: "COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
                    library("Bytes"),
                    library("HTTP", ["Bytes"]),
                    library(
                        "Gateway",
                        [
                            "HTTP", logging,
                        ]),
                    .executableTarget(name: "Tool", dependencies: ["Gateway", logging], swiftSettings: settings),
                    tests("HTTPTests", ["HTTP"]),
                ]
            )
            """)

    private func findings(_ path: String, _ text: String) -> [String] {
        StyleChecks.all(SourceFile(path: path, text: text), table).map(\.description)
    }

    @Test("the dependency table is what Package.swift says")
    func dependencyTable() {
        #expect(table.dependencies["Bytes"] == [])
        #expect(table.dependencies["HTTP"] == ["Bytes"])
        #expect(table.dependencies["Gateway"] == ["HTTP", "Logging"])
        #expect(table.dependencies["Tool"] == ["Gateway", "Logging"])
        #expect(table.dependencies["HTTPTests"] == ["HTTP"])
    }

    @Test(
        "a breach is found at its line, with what to write instead",
        arguments: [
            ("let a = try! f()", "try! is not allowed: handle"),
            ("let a = b as! C", "as! is not allowed: use as?"),
            ("fatalError(\"no\")", "fatalError( is not allowed: make"),
            ("import Foundation", "import FoundationEssentials"),
            ("import Glibc", "use what Transport or Bytes offer"),
            ("internal import CLinux", "only AccessLog and Bytes and Transport may import CLinux"),
            ("import COpenSSL", "only JOSE and Passwords and TLS and WebSocket may import COpenSSL"),
            ("package import Routing", "HTTP may not import Routing"),
            ("// SAFETY: sound\nlet a = unsafe b", "unsafe code outside"),
            ("let a: UnsafePointer<UInt8>", "unsafe code outside"),
            ("extension A: @unchecked Sendable {}", "unsafe code outside"),
            ("struct Other {}", "the main type of Sample.swift is Other"),
            ("struct Sample {}\nfinal class ConnectionManager {}", "has Manager in its name"),
            ("struct Sample {}\nenum BackendState {}", "say Upstream"),
            ("public struct Sample {}", "say package instead of public"),
            ("open class Sample {}", "say package instead of public"),
        ])
    func breach(_ text: String, _ message: String) {
        let found = findings("Sources/HTTP/Sample.swift", "\n" + text)
        #expect(found.contains { $0.contains(message) }, "found \(found)")
        #expect(
            found.allSatisfy {
                $0.hasPrefix("Sources/HTTP/Sample.swift:2:") || $0.hasPrefix("Sources/HTTP/Sample.swift:3:")
            })
    }

    @Test(
        "what only looks like a breach is left alone",
        arguments: [
            "let a = \"try! as! fatalError( unsafe\"", "// try! as! fatalError( unsafe",
            "/* /* unsafe */ try! */ let a = 1",
            "let a = #\"as! \" unsafe\"#", "let a = \"\\(b(\"try!\")) as!\"",
            "let a = \"\"\"\n  unsafe \" try!\n  \"\"\"",
            "import Bytes", "import Synchronization", "private struct Other {}", "extension Other {}\nstruct Part {}",
            "extension Other {}", "try? f()",
            "enum Sample { case `public`, open }", "struct Sample {}\nstruct Part {}", "myFatalError()",
        ])
    func innocent(_ text: String) {
        #expect(findings("Sources/HTTP/Sample.swift", text) == [])
    }

    @Test("unsafe code needs its reason in the lines above, up to a blank one")
    func safety() {
        let file = "Sources/Bytes/Sample.swift"
        #expect(findings(file, "// SAFETY: sound\nlet a = unsafe b\n") == [])
        #expect(findings(file, "// SAFETY: sound\nlet a = unsafe b {\n    unsafe c\n}") == [])
        #expect(findings(file, "// SAFETY: sound\n\nlet a = unsafe b\n").count == 1)
        #expect(findings(file, "let a = unsafe b").first?.hasPrefix("\(file):1: unsafe without a reason") == true)
    }

    @Test("a function of 70 lines is allowed, one of 71 is not", arguments: [(68, 0), (69, 1)])
    func longFunction(_ statements: Int, _ count: Int) {
        let body = String(repeating: "        work()\n", count: statements)
        let text = "struct Sample {\n    func long(\n        a: Int\n    ) {\n\(body)    }\n}\n"
        let shorter = text.replacing("(\n        a: Int\n    )", with: "()")
        #expect(findings("Sources/HTTP/Sample.swift", shorter).count == count)
        #expect(findings("Sources/HTTP/Sample.swift", text).count == 1)
        let requirement = "protocol Sample {\n    func short()\n    func other()\n}\n\n\(body)"
        #expect(findings("Sources/HTTP/Sample.swift", requirement) == [])
    }

    @Test("tests may import Testing and what their target depends on, and be unsafe where their module may")
    func tests() {
        #expect(findings("Tests/HTTPTests/Sample.swift", "import Testing\n@testable import HTTP") == [])
        #expect(findings("Tests/HTTPTests/Sample.swift", "import Bytes").count == 1)
        #expect(findings("Tests/BytesTests/Sample.swift", "// SAFETY: sound\nunsafe f()") == [])
    }

    @Test("fuzz targets may be unsafe and import what they fuzz, and nothing else")
    func fuzzing() {
        let file = "Tests/Fuzz/FuzzSample/Check.swift"
        #expect(findings(file, "import HTTP\n// SAFETY: sound\nfunc f() { unsafe g() }") == [])
        #expect(findings(file, "import Upstream").count == 1)
        #expect(findings(file, "let a = unsafe b").count == 1)
    }

    @Test("benchmarks may import what they measure, and are not unsafe")
    func benchmarks() {
        let file = "Tests/Benchmarks/Sample/Sample.swift"
        #expect(findings(file, "import HTTP\n@testable import Gateway") == [])
        #expect(findings(file, "import Upstream").count == 1)
        #expect(findings(file, "// SAFETY: sound\nunsafe f()").count == 1)
    }

    @Test("only the named entries and what git ignores stand at the top level")
    func topLevel() {
        let found = TreeChecks.topLevelEntries(
            ["Sources", "README.md", ".git", "Package.resolved", "state", "scripts"],
            ignored: "Package.resolved\n/state/\n")
        #expect(found.map(\.path) == ["scripts"])
    }

    @Test("a codemap that lacks a module, or names one that is gone, is found")
    func codemap() {
        let readme =
            "# Gateway\n\n## Codemap\n\n| module | what |\n| --- | --- |\n| `HTTP` | x `y` |\n| `Gone` | x |\n\n## More\n- `No`"
        let found = TreeChecks.codemap(readme, modules: ["HTTP", "JOSE"]) { $0 == "Sources/HTTP" }
        #expect(
            found.map(\.description) == [
                "README.md:8: the codemap names Gone, which is not there: remove it",
                "README.md:3: the codemap lacks Sources/JOSE: add a line for it",
            ])
        #expect(TreeChecks.codemap("# Gateway", modules: []) { _ in true }.count == 1)
    }
}
