/// A scope of the catalogue.
package struct ScopeConfiguration: Sendable, Equatable {
    /// A scope token (RFC 6749 §3.3).
    package var name: String
    /// What it lets its holder do, for people.
    package var summary: String
}

/// A role: a name for scopes that tokens may carry instead of them.
package struct RoleConfiguration: Sendable, Equatable {
    package var name: String
    /// The roles that it includes directly; never in a circle.
    package var includes: [String]
    /// The scopes that it grants itself.
    package var scopes: [String]
}

/// Which scopes a request has, given those of its token and those granted by the token's roles.
package enum ScopeGrant: String, Sendable, CaseIterable {
    case union
    case token
    case roles
    case intersection
}
