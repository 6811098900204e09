/// A scope of the catalogue.
package struct ScopeConfiguration: Sendable, Equatable {
    /// A scope token (RFC 6749 §3.3).
    package var name: String
    /// What it lets its holder do, for people.
    package var summary: String
}

/// Which scopes a request has, given those of its token and those granted by the token's roles.
package enum ScopeGrant: String, Sendable, CaseIterable {
    case union
    case token
    case roles
    case intersection
}
