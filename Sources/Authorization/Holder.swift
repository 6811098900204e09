package import Authentication

/// Whose scopes and roles a decision looks at.
package protocol Holder {
    /// The position of the issuer, which decides on the grant.
    var issuerIndex: Int { get }
    /// The scopes of the token.
    var scopes: NameSet { get }
    /// The roles of the token.
    var roles: NameSet { get }
}

extension Principal: Holder {}

/// Scopes and roles that somebody could have, for asking who may use a route; no permit is given for them.
package struct SupposedHolder: Holder {
    package let issuerIndex: Int
    package let scopes: NameSet
    package let roles: NameSet

    /// - Parameters:
    ///   - issuerIndex: the position of the issuer, which decides on the grant.
    ///   - scopes: the scopes of the token.
    ///   - roles: the roles of the token.
    package init(issuerIndex: Int, scopes: NameSet, roles: NameSet) {
        self.issuerIndex = issuerIndex
        self.scopes = scopes
        self.roles = roles
    }
}
