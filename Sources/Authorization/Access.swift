/// Who may use a route, as the configuration says it.
package enum Access: Equatable, Sendable {
    /// Everybody; no credential is looked at.
    case `public`
    /// Everybody whose token is good.
    case authenticated
    /// Those who hold what is required.
    case restricted(Requirement)
}

/// What a principal must hold to use a route; all of the parts that are not empty must be satisfied.
package struct Requirement: Equatable, Sendable {
    /// All of these scopes.
    package let scopes: [String]
    /// All scopes of any of these lists.
    package let anyScopes: [[String]]
    /// Any of these roles.
    package let roles: [String]

    /// - Parameters:
    ///   - scopes: all of these.
    ///   - anyScopes: all scopes of any of these lists.
    ///   - roles: any of these.
    package init(scopes: [String] = [], anyScopes: [[String]] = [], roles: [String] = []) {
        self.scopes = scopes
        self.anyScopes = anyScopes
        self.roles = roles
    }
}

/// A role, as the configuration says it.
package struct RoleDefinition: Equatable, Sendable {
    /// Its name.
    package let name: String
    /// The roles that who has this one has too.
    package let includes: [String]
    /// The scopes that it grants.
    package let scopes: [String]

    /// - Parameters:
    ///   - name: its name.
    ///   - includes: the roles that who has this one has too.
    ///   - scopes: the scopes that it grants.
    package init(name: String, includes: [String] = [], scopes: [String] = []) {
        self.name = name
        self.includes = includes
        self.scopes = scopes
    }
}

/// Which scopes a principal holds: those of the token and those that the token's roles grant.
package enum Grant: String, CaseIterable, Sendable {
    /// The scopes of either.
    case union
    /// Those of the token.
    case token
    /// Those of the roles.
    case roles
    /// Those of both: what the user may do and the client was given.
    case intersection

    /// The scopes held, 64 at a time.
    ///
    /// - Parameters:
    ///   - token: scopes of the token.
    ///   - roles: scopes that the roles grant.
    /// - Returns: the scopes held.
    func combine(token: UInt64, roles: UInt64) -> UInt64 {
        switch self {
        case .union: token | roles
        case .token: token
        case .roles: roles
        case .intersection: token & roles
        }
    }
}
