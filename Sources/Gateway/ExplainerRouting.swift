import Configuration
import HTTP
import Routing
import StrictJSON

/// The request as it was read, and how its route was found.
extension Explainer {
    func requestStep(
        _ supposed: SupposedRequest, _ decided: Decided, _ places: ConfigurationPlaces
    ) -> Explanation.Step {
        var step = Explanation.Step("request")
        step.add("method", supposed.method)
        step.add("target", supposed.target)
        step.add("listener", configuration.listeners[0].address.description)
        if case .rejected(let error) = decided.refusal {
            step.add("error", error.detail, .failed)
            return step
        }
        let host = String(decoding: decided.host.authority, as: UTF8.self)
        step.add(
            "host", .string(host),
            lines: [
                host.isEmpty ? "none" : supposed.host == nil && host == "localhost" ? "localhost (none given)" : host
            ])
        step.add("path", String(decoding: decided.target.path, as: UTF8.self))
        if !decided.target.forms.isEmpty { step.add("forms", Self.words(for: decided.target.forms)) }
        let readings = decided.trace.readings
        if !readings.isEmpty {
            let isGood = readings.allSatisfy(\.isGood)
            step.add("readings", places.value(readings), lines: places.lines(readings), isGood ? .passed : .failed)
        }
        return step
    }

    /// The names of path forms as `allow` has them, and one that no route needs to allow.
    static func words(for forms: PathForms) -> [String] {
        AllowedForm.allCases.map(\.rawValue).filter { PathForms(name: $0).map(forms.contains) ?? false }
            + (forms.contains(.encodedReserved) ? ["encoded_reserved"] : [])
    }

    func routeStep(_ decided: Decided, _ places: ConfigurationPlaces) -> Explanation.Step {
        var step = Explanation.Step("route")
        if let match = decided.trace.match {
            step.add("canonical_path_finds", places.words(match), decided.found == nil ? .failed : .passed)
        }
        if let index = decided.found {
            let configured = configuration.routes[index]
            step.add("id", configured.id)
            step.add("place", places.place(index))
            step.add("line", .integer(configured.line), lines: [])
            step.add("column", .integer(configured.column), lines: [])
            step.add("host", configured.host?.description)
            step.add("template", configured.pattern.template)
            if configured.methods != .all { step.add("methods", configured.methods.methods.map(\.name)) }
            step.add("access", configured.access.words)
            if configured.isShadow { step.add("shadow", .bool(true), lines: ["denials are logged only"]) }
        }
        let near = candidates(for: decided)
        let lines = near.map { "\(places.name($0.route)): \($0.explanation)" }
        let others = configuration.routes.count - near.count - (decided.found == nil ? 0 : 1)
        if !near.isEmpty {
            step.add(
                "candidates", .elements(near.map { $0.value(places) }),
                lines: lines + (others > 0 ? ["\(others) more with another path"] : []))
        }
        return step
    }

    /// The routes that were not found, each with why: those that have the path, then those that begin as it does.
    func candidates(for decided: Decided) -> [RouteCandidate] {
        let all = configuration.routes.indices.filter { $0 != decided.found }.map { index in
            RouteCandidate(index, of: configuration.routes, decided)
        }
        let others = all.filter { (1..<Int.max).contains($0.sharedSegments) }
            .sorted { ($1.sharedSegments, $0.route) < ($0.sharedSegments, $1.route) }
        return all.filter { $0.sharedSegments == Int.max } + others.prefix(5)
    }
}
