import Configuration
import HTTP
import Routing
import StrictJSON

/// A route that a request was not for, and why.
struct RouteCandidate {
    enum Loss {
        /// It is for another host.
        case host
        /// Its path differs, first in this segment.
        case path(segment: Int)
        /// It has the path, but not the method.
        case method
        /// It has everything, but another route is more specific, or owns the path without the method.
        case specificity

        /// The value of `lost_by`.
        var word: String {
            switch self {
            case .host: "host"
            case .path: "path"
            case .method: "method"
            case .specificity: "specificity"
            }
        }
    }

    /// The position in the configuration.
    let route: Int
    let loss: Loss
    /// Why, in words.
    let explanation: String
    /// How many segments of the path are those of the route; `Int.max` where the whole path is.
    var sharedSegments: Int { if case .path(let segment) = loss { segment } else { Int.max } }

    init(_ index: Int, of routes: [RouteConfiguration], _ decided: Explainer.Decided) {
        let configured = routes[index]
        var anywhere = configured
        anywhere.host = nil
        route = index
        switch Self.match(configured, decided) {
        case .found:
            loss = .specificity
            explanation = Self.specificity(of: configured, losingTo: decided.found.map { routes[$0] })
        case .methodNotAllowed(let methods):
            loss = .method
            explanation = "for \(methods.map(\.name).joined(separator: ", ")), not \(decided.method.name)"
        case .none:
            if case .none = Self.match(anywhere, decided) {
                let segment = configured.mismatch(in: decided.target.path)
                loss = .path(segment: segment)
                explanation = Self.difference(configured.pattern, decided.target.path, at: segment)
            } else {
                let host = String(decoding: decided.host.authority, as: UTF8.self)
                loss = .host
                explanation = "for the host \(configured.host?.description ?? ""), not \(host.isEmpty ? "none" : host)"
            }
        }
    }

    /// What a table of this route alone finds.
    private static func match(_ route: RouteConfiguration, _ decided: Explainer.Decided) -> RouteMatch<Int> {
        // One route conflicts with nothing.
        guard let table = try? RouteTable([Route(route, target: 0)]) else { return .none }
        return table.match(host: decided.host.name, path: decided.target.path.span, method: decided.method)
    }

    private static func specificity(
        of route: RouteConfiguration, losingTo winner: RouteConfiguration?
    ) -> String {
        guard let winner else { return "a more specific path owns the request, which has no route for the method" }
        if route.host != winner.host { return "\(winner.id) names the host more exactly" }
        for (number, (own, other)) in zip(route.pattern.segments, winner.pattern.segments).enumerated()
        where own != other {
            return "\(winner.id) has \(words(other)) where this has \(words(own)) (segment \(number + 1))"
        }
        return "\(winner.id) is more specific"
    }

    private static func difference(_ pattern: RoutePattern, _ path: [UInt8], at segment: Int) -> String {
        let parts = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let sent = segment < parts.count ? words(.literal(String(decoding: parts[segment], as: UTF8.self))) : "the end"
        let wanted = segment < pattern.segments.count ? words(pattern.segments[segment]) : "the end"
        return "\(pattern.template) has \(wanted) where the path has \(sent) (segment \(segment + 1))"
    }

    private static func words(_ segment: RouteSegment) -> String {
        switch segment {
        case .literal(""): "a slash at the end"
        case .literal(let text): "\"\(text)\""
        case .parameter(let name): "{\(name)}"
        case .rest(let name): "{\(name)...}"
        }
    }

    func value(_ places: ConfigurationPlaces) -> JSONValue {
        let segment: [(String, JSONValue)] =
            if case .path(let segment) = loss { [("segment", .integer(segment + 1))] } else { [] }
        let configured = places.routes[route]
        return .members(
            [
                ("route", .string(configured.id)), ("line", .integer(configured.line)),
                ("lost_by", .string(loss.word)),
            ] + segment + [("explanation", .string(explanation))])
    }
}

extension RouteConfiguration {
    /// The segment in which the path differs from the template, and from its twin with the other slash at the end.
    fileprivate func mismatch(in path: [UInt8]) -> Int {
        let twin = ignoresTrailingSlash ? pattern.withOtherTrailingSlash : nil
        return max(pattern.mismatch(in: path) ?? 0, twin?.mismatch(in: path) ?? 0)
    }
}
