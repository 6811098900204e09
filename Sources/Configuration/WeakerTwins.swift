import HTTP
import Routing
import StrictJSON

/// Finds routes with a host whose path can be had on easier terms under another host.
///
/// Whoever sends another `Host`, or none, gets the route without a host; where that leads to the same service, what the
/// stricter route asks for protects nothing.
struct WeakerTwins {
    let problems: ProblemCollector
    let configuration: GatewayConfiguration

    /// A segment that no literal of a template equals, in the place of parameters.
    private static let anySegment = "\u{1}"

    func warn(of routes: [(Cursor, RouteConfiguration)]) {
        let hostless = routes.indices.filter { routes[$0].1.host == nil }.map { number in
            let route = routes[number].1
            return Route(
                pattern: route.pattern, ignoresTrailingSlash: route.ignoresTrailingSlash, methods: route.methods,
                target: number)
        }
        guard hostless.count < routes.count, let table = try? RouteTable(hostless) else { return }
        let roles = heldRoles()
        for (cursor, route) in routes where route.host != nil {
            let path = Self.samplePath(of: route.pattern)
            for method in route.methods.methods {
                guard case .found(let number) = table.match(host: nil, path: path.utf8.span, method: method),
                    isWeaker(routes[number].1, than: route, roles)
                else { continue }
                let twin = routes[number]
                let host = cursor["host"] ?? cursor
                problems.report(
                    "requests with another host get by with less: they go to \"\(twin.1.id)\" (line "
                        + "\(problems.line(of: twin.0))), which asks for less than \"\(route.id)\" does",
                    as: .weakerTwin, at: host.node.range, pointer: host.pointer)
                break
            }
        }
    }

    private static func samplePath(of pattern: RoutePattern) -> String {
        if pattern.isAsterisk { return "*" }
        return pattern.segments.reduce("") { path, segment in
            if case .literal(let text) = segment { "\(path)/\(text)" } else { "\(path)/\(anySegment)" }
        }
    }

    /// The roles that each role brings with it, itself included.
    private func heldRoles() -> [ExactText: Set<ExactText>] {
        var includes: [ExactText: [ExactText]] = [:]
        for role in configuration.roles { includes[ExactText(role.name)] = role.includes.map { ExactText($0) } }
        return includes.keys.reduce(into: [:]) { held, role in
            var found: Set = [role]
            var open = [role]
            while let next = open.popLast() {
                for included in includes[next] ?? [] where found.insert(included).inserted { open.append(included) }
            }
            held[role] = found
        }
    }

    /// Whether someone may use `twin` who may not use `route`.
    private func isWeaker(
        _ twin: RouteConfiguration, than route: RouteConfiguration, _ roles: [ExactText: Set<ExactText>]
    ) -> Bool {
        if route.access == .everyone || route.isShadow { return false }
        if twin.access == .everyone || twin.isShadow { return true }
        if let allowed = route.issuers.map(Set.init), !allowed.isSuperset(of: twin.issuers ?? allIssuers) {
            return true
        }
        guard case .restricted(let needed) = route.access else { return false }
        guard case .restricted(let asked) = twin.access else { return true }
        return !asked.implies(needed, roles)
    }

    private var allIssuers: [String] { configuration.issuers.map(\.name) }
}

extension RequirementConfiguration {
    /// Whether whoever meets this requirement meets `other`, too.
    fileprivate func implies(_ other: RequirementConfiguration, _ held: [ExactText: Set<ExactText>]) -> Bool {
        let choices = (anyScopes.isEmpty ? [[]] : anyScopes).map { Set((scopes + $0).map { ExactText($0) }) }
        let holdsScopes = choices.allSatisfy { certain in
            certain.isSuperset(of: other.scopes.map { ExactText($0) })
                && (other.anyScopes.isEmpty
                    || other.anyScopes.contains { certain.isSuperset(of: $0.map { ExactText($0) }) })
        }
        let wanted = other.roles.map { ExactText($0) }
        let holdsRole = roles.allSatisfy { role in
            held[ExactText(role)].map { !$0.isDisjoint(with: wanted) } ?? false
        }
        return holdsScopes && (wanted.isEmpty || !roles.isEmpty && holdsRole)
    }
}
