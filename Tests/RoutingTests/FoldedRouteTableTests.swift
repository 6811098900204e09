import HTTP
import Testing

@testable import Routing

@Suite("security.md, rule 1: routes as a server sees them that takes several paths for the same")
struct FoldedRouteTableTests {
    private func routes(_ lines: [RouteLine], from first: Int = 0) throws -> [Route<Int>] {
        try lines.enumerated().map { number, line in
            Route(
                pattern: try RoutePattern(line.path), ignoresTrailingSlash: line.eitherSlash,
                methods: line.methods.map { MethodSet($0) } ?? .all, target: first + number)
        }
    }

    private func find(_ path: String, in table: FoldedRouteTable<Int>) -> Int {
        switch table.match(host: nil, path: Array(path.utf8), method: .get) {
        case .found(let target): target
        case .none: -1
        case .methodNotAllowed: -2
        }
    }

    @Test(
        "templates and paths are compared in one case, escapes too",
        arguments: [
            ("/items", 0), ("/ITEMS", 0), ("/a%2Fb", 1), ("/A%2fB", 1), ("/CAF%C3%89", 2), ("/caf%C3%A9", 2),
            ("/%E2%84%AA", 3), ("/k", 3), ("/%FF", 4), ("/%ff", 4), ("/Items/", -1), ("/x", -1),
        ])
    func letterCase(path: String, expected: Int) throws {
        let table = try FoldedRouteTable(
            routes(["/Items", "/a%2Fb", "/Caf%C3%A9", "/K", "/%FF"].map { RouteLine($0) }), folding: .letterCase)
        #expect(find(path, in: table) == expected)
    }

    @Test(
        "a slash at the end is taken away, and `/` stays",
        arguments: [("/", 0), ("/a", 1), ("/a/", 1), ("/a//", 1), ("/b", 2), ("/b/", 2), ("/b/c/", 3), ("//", 0)])
    func trailingSlash(path: String, expected: Int) throws {
        let table = try FoldedRouteTable(
            routes([
                RouteLine("/"), RouteLine("/a/"), RouteLine("/b", eitherSlash: true), RouteLine("/b/{rest...}"),
            ]), folding: .trailingSlash)
        #expect(find(path, in: table) == expected)
    }

    @Test(
        "routes that cannot be told apart any more clash",
        arguments: [
            (["/Items", "/items"], .letterCase), (["/a", "/x", "/A"], .letterCase),
            (["/a", "/a/"], .trailingSlash), (["/{x}", "/{y}/"], .trailingSlash),
            (["/A", "/a/"], [.letterCase, .trailingSlash]),
        ] as [([String], PathFolding)])
    func conflicts(paths: [String], folding: PathFolding) throws {
        let routes = try routes(paths.map { RouteLine($0) })
        let pair = RouteConflicts.Pair(first: 0, second: paths.count - 1)
        #expect(throws: RouteConflicts(pairs: [pair])) { _ = try FoldedRouteTable(routes, folding: folding) }
        #expect(throws: Never.self) { _ = try FoldedRouteTable(routes, folding: []) }
    }

    @Test("routes with different methods do not clash, and own their path together")
    func methods() throws {
        let table = try FoldedRouteTable(
            routes([RouteLine("/A", methods: [.get]), RouteLine("/a", methods: [.put])]), folding: .letterCase)
        #expect(find("/a", in: table) == 0)
        #expect(find("/A", in: table) == 0)
    }

    @Test("the routes besides give way where they clash, and own all other paths")
    func others() throws {
        let table = try FoldedRouteTable(
            routes([RouteLine("/A"), RouteLine("/{rest...}")]),
            besides: routes([RouteLine("/a", eitherSlash: true), RouteLine("/B"), RouteLine("/b")], from: 2),
            folding: .letterCase)
        #expect(find("/a", in: table) == 0)
        #expect(find("/a/", in: table) == 2)
        #expect(find("/b", in: table) == 3)
        #expect(find("/c", in: table) == 1)
    }

    @Test("paths that cannot differ are told without a look-up")
    func distinguishes() throws {
        let lower = try FoldedRouteTable(routes([RouteLine("/a")]), folding: [.letterCase, .trailingSlash])
        #expect(!lower.distinguishes(Array("/a/b".utf8)))
        #expect(lower.distinguishes(Array("/A".utf8)))
        #expect(lower.distinguishes(Array("/a/".utf8)))
        #expect(lower.distinguishes(Array("/%C3%89".utf8)))
        let upper = try FoldedRouteTable(routes([RouteLine("/A")]), folding: .letterCase)
        #expect(upper.distinguishes(Array("/a".utf8)))
    }
}
