package import Authentication

/// Whose scopes and roles a decision looks at.
protocol Holder {
    var issuerIndex: Int { get }
    var scopes: NameSet { get }
    var roles: NameSet { get }
}

extension Principal: Holder {}

/// Scopes and roles that somebody could have, for asking who may use a route; no permit is given for them.
package struct SupposedHolder: Holder {
    /// The position of the issuer of the supposed token.
    let issuerIndex: Int
    /// The scopes of the token.
    let scopes: NameSet
    /// The roles of the token.
    let roles: NameSet

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
