import HTTP
import Routing
import TestSupport
import Testing

/// Random routes and requests of few words, so that they meet often.
private struct Sampler {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 }

    private mutating func choose<Choice>(_ choices: [Choice]) -> Choice {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return choices[Int(state >> 33) % choices.count]
    }

    mutating func route(_ number: Int) throws -> Route<Int> {
        var path = ""
        for position in 0..<choose([1, 1, 2, 2, 3]) {
            path += choose(["/a", "/a", "/b", "/%41", "/{p\(position)}"])
        }
        path = choose([path, path, path, path + "/", path + "/{rest...}", "/", "*"])
        let host = choose([nil, nil, nil, "h.test", "*.test", "*.h.test"])
        let methods: MethodSet = choose([
            .all, MethodSet([.get]), MethodSet([.put, .other("A")]), MethodSet([.other("A"), .other("B")]),
            MethodSet([.head, .get]), MethodSet([.delete]),
        ])
        return Route(
            host: try host.map { try HostPattern($0) }, pattern: try RoutePattern(path),
            ignoresTrailingSlash: choose([false, false, true]), methods: methods, target: number)
    }

    mutating func request() -> (host: [UInt8], path: [UInt8], method: HTTP.Method) {
        var path = ""
        for _ in 0..<choose([0, 1, 1, 2, 2, 3, 4]) { path += choose(["/a", "/a", "/b", "/A", "/", "/c", "/%2F"]) }
        path = choose([path, path, path, path + "/", "*", "/"])
        let host = choose(["", "h.test", "x.test", "x.h.test", "y.x.h.test", "test", ".test"])
        let method = choose([.get, .head, .put, .delete, .other("A"), .other("B"), .other("C"), HTTP.Method.trace])
        return (Array(host.utf8), Array(path.utf8), method)
    }
}

@Suite("configuration.md, Which route: random tables against the words of the specification")
struct RouteSpecificationTests {
    @Test("clashes are named in pairs, and without the second of each pair no clash is left", arguments: 0..<100)
    func conflicts(seed: Int) throws {
        var sampler = Sampler(seed: seed)
        let routes = try (0..<(2 + seed % 30)).map { try sampler.route($0) }
        let clashes = routes.indices.contains { second in
            routes[..<second].contains { RouteSpecification.clash($0, routes[second]) }
        }
        do throws(RouteConflicts) {
            _ = try RouteTable(routes)
            #expect(!clashes)
        } catch {
            #expect(clashes)
            #expect(Set(error.pairs).count == error.pairs.count)
            for pair in error.pairs {
                #expect(pair.first < pair.second)
                #expect(RouteSpecification.clash(routes[pair.first], routes[pair.second]))
            }
            let seconds = Set(error.pairs.map(\.second))
            _ = try RouteTable(routes.filter { !seconds.contains($0.target) })
        }
    }

    @Test("the route that owns a request is found: by host, by path with backtracking, by method", arguments: 0..<100)
    func requests(seed: Int) throws {
        var sampler = Sampler(seed: seed)
        var routes: [Route<Int>] = []
        for number in 0..<(2 + seed % 40) {
            let route = try sampler.route(number)
            if !routes.contains(where: { RouteSpecification.clash($0, route) }) { routes.append(route) }
        }
        let table = try RouteTable(routes)
        let specification = RouteSpecification(routes)
        for _ in 0..<50 {
            let (host, path, method) = sampler.request()
            let found = RouteSpecification.Outcome(table.match(host: host.span, path: path.span, method: method))
            let expected = specification.find(host: host, path: path, method: method)
            #expect(found == expected, "\(method) \(String(decoding: host + path, as: UTF8.self))")
        }
    }
}
