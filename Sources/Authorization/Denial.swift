/// Why a principal may not use a route.
package enum Denial: Error, Equatable, Sendable {
    /// There is no principal, and the route is not public; the scopes are for the challenge.
    case notAuthenticated(requiredScopes: [String])
    /// Scopes are missing: those that the route requires in the order of the file, and those of them that are missing.
    /// Of alternatives, the one that lacks the fewest is shown, and of equals the first.
    case insufficientScope(required: [String], missing: [String])
    /// None of the roles that the route requires is held.
    case insufficientRole(required: [String])

    /// The reason code for the log, metrics and the answer's body.
    package var reason: StaticString {
        switch self {
        case .notAuthenticated: "no_token"
        case .insufficientScope: "insufficient_scope"
        case .insufficientRole: "insufficient_role"
        }
    }
}
