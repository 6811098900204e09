import HTTP
import Routing
import Testing

@Suite("configuration.md, Routes: where a path is not one of a template")
struct MismatchTests {
    @Test(
        "the first segment that differs",
        arguments: [
            ("/a/{id}/c", "/a/1/c", nil), ("/a/{id}/c", "/b/1/c", 0), ("/a/{id}/c", "/a/1/d", 2),
            ("/a/{id}/c", "/a/1", 2), ("/a/{id}/c", "/a/1/c/", 3), ("/a/{id}", "/a/", 1), ("/a/", "/a", 1),
            ("/a", "/a/", 1), ("/", "/", nil), ("/", "/a", 0), ("/{rest...}", "/", 0), ("/{rest...}", "//a", nil),
            ("/a/{rest...}", "/a", 1), ("/a/{rest...}", "/a/b/", nil), ("*", "*", nil), ("*", "/", 0), ("/a", "*", 0),
        ] as [(String, String, Int?)])
    func mismatch(template: String, path: String, expected: Int?) throws {
        #expect(try RoutePattern(template).mismatch(in: Array(path.utf8)) == expected)
    }

    @Test("there is none exactly where a table finds the template")
    func agreesWithTable() throws {
        var random = SystemRandomNumberGenerator()
        let parts = ["a", "b", "{x}", "{y}", "{r...}", ""]
        let words = ["a", "b", "c", ""]
        var found = 0
        for _ in 0..<5_000 {
            let template =
                "/"
                + (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    parts[Int.random(in: 0..<parts.count, using: &random)]
                }.joined(separator: "/")
            guard let pattern = try? RoutePattern(template) else { continue }
            let table = try RouteTable([Route(pattern: pattern, target: 0)])
            for _ in 0..<4 {
                let path =
                    "/"
                    + (0..<Int.random(in: 1...4, using: &random)).map { _ in
                        words[Int.random(in: 0..<words.count, using: &random)]
                    }.joined(separator: "/")
                let isFound =
                    if case .found = table.match(host: nil, path: path.utf8.span, method: .get) { true } else { false }
                if isFound { found += 1 }
                #expect((pattern.mismatch(in: Array(path.utf8)) == nil) == isFound, "\(template) and \(path)")
            }
        }
        #expect(found > 100)
    }
}
