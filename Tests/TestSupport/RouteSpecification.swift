package import HTTP
package import Routing

/// What a `RouteTable` must find, as configuration.md says it under "Which route", with no thought of speed.
package struct RouteSpecification {
    /// What is found.
    package enum Outcome: Equatable {
        case found(Int)
        case methodNotAllowed
        case none

        /// What a table found.
        package init(_ match: RouteMatch<Int>) {
            switch match {
            case .found(let number): self = .found(number)
            case .methodNotAllowed: self = .methodNotAllowed
            case .none: self = .none
            }
        }
    }

    /// A segment as it is matched: what a parameter is called does not matter. The order is that of precedence.
    private enum Step: Hashable {
        case literal(String), parameter, rest

        var rank: Int {
            switch self {
            case .literal: 0
            case .parameter: 1
            case .rest: 2
            }
        }
    }

    private let routes: [Route<Int>]

    /// - Parameter routes: in any order; their targets are what is found.
    package init(_ routes: [Route<Int>]) {
        self.routes = routes
    }

    /// Finds the route that owns a request.
    package func find(host: [UInt8], path: [UInt8], method: Method) -> Outcome {
        let candidates = routes.flatMap { route in
            Self.paths(of: route).filter { Self.matches($0, path) }.compactMap { steps in
                Self.rank(of: route.host, for: host).map { (route: route, rank: [$0] + steps.map(\.rank)) }
            }
        }
        guard let best = candidates.map(\.rank).min(by: { $0.lexicographicallyPrecedes($1) }) else { return .none }
        let owners = candidates.filter { $0.rank == best }.map(\.route)
        return owners.first { $0.methods.contains(method) }.map { .found($0.target) } ?? .methodNotAllowed
    }

    /// Whether some request could be meant for both routes.
    package static func clash(_ one: Route<Int>, _ other: Route<Int>) -> Bool {
        let named = [one, other].flatMap(\.methods.methods)
        let methods = named + [.get, .head, .post, .put, .delete, .patch, .options, .other("NAMED-NOWHERE")]
        return one.host == other.host && !Set(paths(of: one)).isDisjoint(with: paths(of: other))
            && methods.contains { one.methods.contains($0) && other.methods.contains($0) }
    }

    /// The path of a route, and the one with the other trailing slash where that matches, too.
    private static func paths(of route: Route<Int>) -> [[Step]] {
        let steps = route.pattern.segments.map { segment -> Step in
            switch segment {
            case .literal(let text): .literal(text)
            case .parameter: .parameter
            case .rest: .rest
            }
        }
        guard route.ignoresTrailingSlash, let last = steps.last, last != .rest, steps != [.literal("")] else {
            return [steps]
        }
        return [steps, last == .literal("") ? Array(steps.dropLast()) : steps + [.literal("")]]
    }

    private static func matches(_ steps: [Step], _ path: [UInt8]) -> Bool {
        if steps.isEmpty { return path == Array("*".utf8) }
        guard path.first == UInt8(ascii: "/") else { return false }
        let segments = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, step) in steps.enumerated() {
            guard index < segments.count else { return false }
            switch step {
            case .literal(let text): guard segments[index].elementsEqual(text.utf8) else { return false }
            case .parameter: guard !segments[index].isEmpty else { return false }
            case .rest: return segments[index...].contains { !$0.isEmpty }
            }
        }
        return steps.count == segments.count
    }

    /// An exact host comes before a wildcard before none; nil if the route is for other hosts.
    private static func rank(of pattern: HostPattern?, for host: [UInt8]) -> Int? {
        switch pattern {
        case nil: return 2
        case .exact(let name): return host.elementsEqual(name.utf8) ? 0 : nil
        case .wildcard(let suffix):
            let labels = host.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
            return labels.count == 2 && !labels[0].isEmpty && labels[1].elementsEqual(suffix.utf8) ? 1 : nil
        }
    }
}
