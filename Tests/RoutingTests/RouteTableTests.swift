import HTTP
import Routing
import Testing

/// A route as the tests write it: host, path and methods in one line.
struct RouteLine {
    let host: String?
    let path: String
    var methods: [HTTP.Method]?
    var eitherSlash = false

    init(_ path: String, host: String? = nil, methods: [HTTP.Method]? = nil, eitherSlash: Bool = false) {
        self.host = host
        self.path = path
        self.methods = methods
        self.eitherSlash = eitherSlash
    }
}

/// Builds a table whose targets are the positions in `lines`.
func table(_ lines: [RouteLine]) throws -> RouteTable<Int> {
    try RouteTable(
        lines.enumerated().map { number, line in
            Route(
                host: try line.host.map { try HostPattern($0) }, pattern: try RoutePattern(line.path),
                ignoresTrailingSlash: line.eitherSlash, methods: line.methods.map { MethodSet($0) } ?? .all,
                target: number)
        })
}

extension RouteTable where Target == Int {
    /// The position of the route found, -1 for none, -2 for a method that is not allowed.
    func find(_ path: String, host: String? = nil, method: HTTP.Method = .get) -> Int {
        let pathBytes = Array(path.utf8)
        let hostBytes = Array((host ?? "").utf8)
        let result =
            host == nil
            ? match(host: nil, path: pathBytes.span, method: method)
            : match(host: hostBytes.span, path: pathBytes.span, method: method)
        return switch result {
        case .found(let target): target
        case .none: -1
        case .methodNotAllowed: -2
        }
    }
}

@Suite("configuration.md, Which route: path")
struct PathPrecedenceTests {
    @Test(
        "a literal comes before {name} before {name...}",
        arguments: [
            ("/items/new", 0), ("/items/7", 1), ("/items/7/parts", 2), ("/items/7/", 2), ("/items/", -1),
            ("/items", -1), ("/", 3), ("/x", -1),
        ])
    func specificity(path: String, expected: Int) throws {
        let routes = try table([
            RouteLine("/items/new"), RouteLine("/items/{id}"), RouteLine("/items/{rest...}"), RouteLine("/"),
        ])
        #expect(routes.find(path) == expected)
    }

    @Test(
        "backtracking is full: a dead end under a literal leads back to {name} and {name...}",
        arguments: [
            ("/a/b/c", 0), ("/a/x/d", 1), ("/a/b/d", 1), ("/a/b/e", 2), ("/a/b/c/e", 3), ("/z/b/c", 3), ("/a/b", 3),
        ])
    func backtracking(path: String, expected: Int) throws {
        let routes = try table([
            RouteLine("/a/b/c"), RouteLine("/a/{x}/d"), RouteLine("/{x}/b/e"), RouteLine("/{rest...}"),
        ])
        #expect(routes.find(path) == expected)
    }

    @Test(
        "{name} takes exactly one segment that is not empty",
        arguments: [("/a/b", 0), ("/a/", -1), ("/a", -1), ("/a/b/", -1), ("/a//", -1), ("/a/%2F", 0)])
    func parameter(path: String, expected: Int) throws {
        #expect(try table([RouteLine("/a/{x}")]).find(path) == expected)
    }

    @Test(
        "{name...} takes at least one segment that is not empty, and may end in a slash",
        arguments: [("/a/b", 0), ("/a/b/", 0), ("/a/b/c", 0), ("/a//b", 0), ("/a", -1), ("/a/", -1), ("/a//", -1)])
    func rest(path: String, expected: Int) throws {
        #expect(try table([RouteLine("/a/{x...}")]).find(path) == expected)
    }

    @Test(
        "a trailing slash is significant",
        arguments: [("/a", 0), ("/a/", 1), ("/b", 2), ("/b/", 2), ("/c", 3), ("/c/", 3), ("/d/1", 4), ("/d/1/", 4)])
    func trailingSlash(path: String, expected: Int) throws {
        let routes = try table([
            RouteLine("/a"), RouteLine("/a/"), RouteLine("/b", eitherSlash: true), RouteLine("/c/", eitherSlash: true),
            RouteLine("/d/{x}", eitherSlash: true),
        ])
        #expect(routes.find(path) == expected)
    }

    @Test("* is matched by * alone")
    func asterisk() throws {
        let routes = try table([RouteLine("*", methods: [.options]), RouteLine("/*"), RouteLine("/{x...}")])
        #expect(routes.find("*", method: .options) == 0)
        #expect(routes.find("*", host: "a.example", method: .options) == 0)
        #expect(routes.find("/*") == 1)
        #expect(routes.find("/**") == 2)
        #expect(routes.find("**") == -1)
        #expect(routes.find("") == -1)
        #expect(try table([RouteLine("/{x...}")]).find("*") == -1)
    }

    @Test("the order of the routes does not matter")
    func order() throws {
        let lines = [RouteLine("/{x...}"), RouteLine("/{x}/b"), RouteLine("/a/{y}"), RouteLine("/a/b")]
        let forward = try table(lines)
        let backward = try table(lines.reversed())
        for path in ["/a/b", "/a/c", "/c/b", "/c", "/a/b/c", "/"] {
            let found = forward.find(path)
            let other = backward.find(path)
            #expect(found == (other < 0 ? other : lines.count - 1 - other))
        }
    }

    @Test("paths are compared in canonical escaped form, with case")
    func canonicalForm() throws {
        let routes = try table([RouteLine("/%7eme/%c3%a9"), RouteLine("/A")])
        #expect(routes.find("/~me/%C3%A9") == 0)
        #expect(routes.find("/a") == -1)
    }
}

@Suite("configuration.md, Which route: host and method")
struct HostAndMethodTests {
    @Test(
        "an exact host comes before a wildcard before none",
        arguments: [
            ("api.example.com", "/a", 0), ("www.example.com", "/a", 1), ("x.y.example.com", "/a", 2),
            ("example.com", "/a", 2), ("", "/a", 2), ("api.example.com", "/b", 3), ("api.example.com", "/c", 4),
            ("api.example.com", "/d", -1), ("other.org", "/a", 2), (".example.com", "/a", 2),
        ])
    func hosts(host: String, path: String, expected: Int) throws {
        let routes = try table([
            RouteLine("/a", host: "API.example.com."), RouteLine("/a", host: "*.example.com"), RouteLine("/a"),
            RouteLine("/b", host: "*.example.com"), RouteLine("/c"),
        ])
        #expect(routes.find(path, host: host) == expected)
    }

    @Test("a request without a host matches only routes without a host")
    func noHost() throws {
        let routes = try table([RouteLine("/a", host: "a.example"), RouteLine("/b")])
        #expect(routes.find("/a") == -1)
        #expect(routes.find("/b") == 0 + 1)
    }

    @Test("the winning path owns the request: a method that it lacks is not looked for elsewhere")
    func owner() throws {
        let routes = try table([
            RouteLine("/a/b", methods: [.get]), RouteLine("/a/b", methods: [.put, .other("PURGE")]),
            RouteLine("/a/{x}"),
            RouteLine("/a/b", host: "h.example", methods: [.delete]),
        ])
        #expect(routes.find("/a/b") == 0)
        #expect(routes.find("/a/b", method: .put) == 1)
        #expect(routes.find("/a/b", method: .other("PURGE")) == 1)
        #expect(routes.find("/a/b", method: .head) == -2)
        #expect(routes.find("/a/b", method: .delete) == -2)
        #expect(routes.find("/a/b", host: "h.example", method: .get) == -2)
        #expect(routes.find("/a/c", method: .delete) == 2)
        let path = Array("/a/b".utf8)
        guard case .methodNotAllowed(let allowed) = routes.match(host: nil, path: path.span, method: .head) else {
            Issue.record("expected methodNotAllowed")
            return
        }
        #expect(allowed == [.get, .put, .other("PURGE")])
    }

    @Test("CONNECT and TRACE never match, extension methods match where no methods are listed")
    func methods() throws {
        let routes = try table([RouteLine("/a"), RouteLine("/b", methods: [.connect, .trace, .get])])
        #expect(routes.find("/a", method: .connect) == -2)
        #expect(routes.find("/a", method: .trace) == -2)
        #expect(routes.find("/a", method: .other("REPORT")) == 0)
        #expect(routes.find("/b", method: .trace) == -2)
        #expect(routes.find("/b", method: .other("REPORT")) == -2)
    }
}

@Suite("configuration.md, Which route: conflicts")
struct ConflictTests {
    @Test("routes of one host and path with a common method are reported in pairs, whatever the parameters are called")
    func pairs() throws {
        let lines = [
            RouteLine("/a/{x}", methods: [.get]), RouteLine("/a/{y}", methods: [.put]), RouteLine("/a/{z}"),
            RouteLine("/a/{x}", host: "h.example"), RouteLine("/b"), RouteLine("/b/", eitherSlash: true),
            RouteLine("/%62", host: "h.example"), RouteLine("/b", host: "H.example."), RouteLine("/c/{r...}"),
            RouteLine("/c/{s...}"), RouteLine("/c/{s}"), RouteLine("/d", eitherSlash: true),
            RouteLine("/d/", eitherSlash: true),
        ]
        let error = #expect(throws: RouteConflicts.self) { _ = try table(lines) }
        #expect(
            error?.pairs.map { [$0.first, $0.second] } == [[0, 2], [1, 2], [4, 5], [6, 7], [8, 9], [11, 12]])
    }

    @Test("methods that no route lists cannot clash")
    func extensionMethods() throws {
        _ = try table([RouteLine("/a", methods: [.other("A")]), RouteLine("/a", methods: [.other("B"), .get])])
        #expect(throws: RouteConflicts.self) {
            _ = try table([RouteLine("/a", methods: [.other("A")]), RouteLine("/a", methods: [.other("A")])])
        }
        #expect(throws: RouteConflicts.self) {
            _ = try table([RouteLine("/a", methods: [.other("A")]), RouteLine("/a")])
        }
    }
}

@Suite("Routing at scale")
struct RouteScaleTests {
    @Test("of 100 000 routes each is found, and paths beside them are not")
    func manyRoutes() throws {
        let lines = (0..<100_000).map { RouteLine("/service\($0 % 1000)/v1/thing\($0)/{id}") }
        let routes = try table(lines)
        for number in stride(from: 0, to: lines.count, by: 97) {
            #expect(routes.find("/service\(number % 1000)/v1/thing\(number)/x") == number)
            #expect(routes.find("/service\(number % 1000 + 1)/v1/thing\(number)/x") == -1)
        }
    }

    @Test("a path with many segments goes no deeper than the routes do")
    func deepPath() throws {
        let routes = try table([RouteLine("/{a}/{b}"), RouteLine("/a/b/c")])
        #expect(routes.find("/" + String(repeating: "a/", count: 100_000)) == -1)
    }
}
