import Authentication
import Authorization
package import Configuration

/// Who may call what: the routes of a configuration, for `gateway routes` and the admin listener.
package struct RouteList: Sendable {
    /// The built-in paths, then the configured routes in file order.
    package let routes: [ListedRoute]
    /// Whether the list was made for a holder of scopes and roles, so that it says what is permitted.
    package let isDecided: Bool

    /// All routes.
    package init(of configuration: GatewayConfiguration) {
        routes = ListedRoute.builtIn(in: configuration) + configuration.routes.map { ListedRoute($0) }
        isDecided = false
    }

    /// All routes, each with what somebody lacks there whose token carries these scopes and roles and nothing else.
    ///
    /// The token is of the issuer that serves best among those whose tokens are good on the route.
    ///
    /// - Parameters:
    ///   - configuration: the routes, and what roles include and grant.
    ///   - scopes: the scopes of the token; those that are not configured grant nothing.
    ///   - roles: the roles of the token, likewise.
    /// - Throws: what the configuration's reader should have found: a fault of ours.
    package init(
        of configuration: GatewayConfiguration, scopes: [String], roles: [String]
    ) throws(EvaluatorError) {
        let evaluator = try Evaluator(configuration)
        let scopeSet = Vocabulary(configuration.scopes.map(\.name)).set(of: scopes)
        let roleSet = Vocabulary(configuration.roles.map(\.name)).set(of: roles)
        let holders = configuration.issuers.indices.map {
            SupposedHolder(issuerIndex: $0, scopes: scopeSet, roles: roleSet)
        }
        let decided = zip(configuration.routes, evaluator.routes).map { configured, route in
            var first: Denial?
            for (issuer, holder) in holders.enumerated() where route.issuers?.contains(issuer) ?? true {
                guard let denial = evaluator.denial(of: holder, on: route) else { return ListedRoute(configured) }
                first = first ?? denial
            }
            return ListedRoute(configured, denial: first)
        }
        routes = ListedRoute.builtIn(in: configuration) + decided
        isDecided = true
    }

    private init(_ routes: [ListedRoute], isDecided: Bool) {
        self.routes = routes
        self.isDecided = isDecided
    }

    /// The same list with only some of its routes.
    package func filter(_ isIncluded: (ListedRoute) -> Bool) -> RouteList {
        RouteList(routes.filter(isIncluded), isDecided: isDecided)
    }
}
