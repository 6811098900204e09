import FuzzDriver
import HTTP
import Routing
import TestSupport

@main
struct FuzzRouteTable {
    static func main() { FuzzDriver.run(check) }
}

/// Takes the bytes as routes, one a line, and after an empty line as requests; the table must find what the specification
/// says. Each line is a method or none, a host or none, and a path, with spaces between them.
private func check(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Line($0) }
    let end = lines.firstIndex { $0.path.isEmpty } ?? lines.endIndex
    var routes: [Route<Int>] = []
    for (number, line) in lines[..<end].prefix(64).enumerated() {
        guard let route = line.route(number) else { continue }
        if routes.contains(where: { RouteSpecification.clash($0, route) }) {
            precondition((try? RouteTable(routes + [route])) == nil, "a clash is not noticed")
        } else {
            routes.append(route)
        }
    }
    guard let table = try? RouteTable(routes) else { preconditionFailure("routes clash that do not") }
    let specification = RouteSpecification(routes)
    for line in lines[end...].prefix(64) {
        let method = line.method ?? .get
        let found = RouteSpecification.Outcome(table.match(host: line.host.span, path: line.path.span, method: method))
        precondition(
            found == specification.find(host: line.host, path: line.path, method: method), "another route is found")
    }
}

private struct Line {
    let method: HTTP.Method?
    let host: [UInt8]
    let path: [UInt8]
    let ignoresTrailingSlash: Bool

    init(_ line: ArraySlice<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            .map { Array($0) }
        let first = words[0]
        method = words.count > 2 ? Method(first.span) : nil
        host = words.count > 2 ? words[1] : []
        path = words.count > 2 ? words[2] : first
        ignoresTrailingSlash = words.count > 3
    }

    func route(_ number: Int) -> Route<Int>? {
        guard let pattern = try? RoutePattern(String(decoding: path, as: UTF8.self)) else { return nil }
        let host = host.isEmpty ? nil : try? HostPattern(String(decoding: host, as: UTF8.self))
        return Route(
            host: host, pattern: pattern, ignoresTrailingSlash: ignoresTrailingSlash,
            methods: method.map { MethodSet([$0]) } ?? .all, target: number)
    }
}
