import Authentication
import Authorization
import Configuration
import HTTP
import StrictJSON

/// What the principal holds and the route requires, and what the rewritten path finds.
extension Explainer {
    func authorizationStep(
        of principal: Principal, _ decided: Decided, on route: GatewayRoute
    ) -> Explanation.Step {
        var step = Explanation.Step("authorization")
        let scopes = configuration.scopes.map(\.name)
        let roles = configuration.roles.map(\.name)
        step.add("token_scopes", principal.scopeNames)
        step.add("token_roles", principal.roleNames)
        let unknown =
            principal.scopeNames.filter { name in !scopes.contains { $0.isExactly(name) } }
            + principal.roleNames.filter { name in !roles.contains { $0.isExactly(name) } }
        if !unknown.isEmpty { step.add("not_configured", unknown) }
        let granted = RoleGrants(configuration.roles, of: principal.roleNames)
        if !granted.chains.isEmpty { step.add("granted_by_roles", granted.value, lines: granted.lines) }
        step.add("grant", configuration.grant(ofIssuerAt: principal.issuerIndex).rawValue)
        step.add("scopes", scopes.indices.filter { evaluator.holds(scope: $0, by: principal) }.map { scopes[$0] })
        let configured = configuration.routes[route.index].access
        step.add("requires", configured.words)
        switch Self.denial(decided.trace.shadowed ?? decided.refusal) {
        case .insufficientScope(let required, let missing):
            step.add("required_scopes", required)
            step.add("missing_scopes", missing, .failed)
        case .insufficientRole(let required): step.add("missing_any_role", required, .failed)
        case .notAuthenticated, nil:
            if case .restricted = configured { step.add("missing_scopes", [], .passed) }
        }
        return step
    }

    static func denial(_ refusal: Refusal?) -> Denial? {
        if case .denied(let denial) = refusal { denial } else { nil }
    }

    func rewriteStep(
        _ rewrite: PathRewrite, _ decided: Decided, _ places: ConfigurationPlaces
    ) -> Explanation.Step {
        var step = Explanation.Step("rewrite")
        // Nothing is rewritten before it is permitted.
        if decided.trace.shadowed == nil, decided.refusal.map(Self.isAboutRewriting) == false { return step }
        let path = rewrite.apply(to: decided.target.path)?.path
        let isGood = decided.refusal == nil
        step.add(
            "path", path.map { String(decoding: $0, as: UTF8.self) } ?? "not canonical any more",
            isGood ? .passed : .failed)
        let lookups = decided.trace.rewrites
        if !lookups.isEmpty {
            step.add("finds", places.value(lookups), lines: places.lines(lookups), isGood ? .passed : .failed)
        }
        return step
    }

    private static func isAboutRewriting(_ refusal: Refusal) -> Bool {
        if case .rewriteConflict = refusal { true } else { false }
    }

    /// The text on one line, whatever it holds.
    static func printable(_ text: String) -> String { String(quoted(text).dropFirst().dropLast()) }
}
