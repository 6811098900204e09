internal import Authorization
internal import StrictJSON

/// What a token says that its holder may do.
struct GrantedScopes: Equatable {
    let scopes: [String]
    let roles: [String]
}

extension Account {
    /// What a token for this account says, when some scopes are asked for.
    ///
    /// A request for more than the account has gets what it has (RFC 6749 §3.3); the answer says what that is. A token that
    /// was asked to say less must not say more by its roles, which grant scopes and open routes by themselves. So it has
    /// none, unless roles can only take scopes away.
    ///
    /// - Parameters:
    ///   - requested: the scopes that are asked for; nil for all.
    ///   - grant: how scopes and roles of the token will come together.
    /// - Returns: what the token is to say.
    /// - Throws: `TokenEndpointError.invalidScope` if nothing of it can be granted, or where only roles grant anything, less
    ///   than all of it is asked for.
    func grant(_ requested: [String]?, by grant: Grant) throws(TokenEndpointError) -> GrantedScopes {
        let all = GrantedScopes(scopes: scopes, roles: roles)
        guard let requested, !requested.isEmpty else { return all }
        let wanted = Set(requested.map { ExactText($0) })
        let granted = scopes.filter { wanted.contains(ExactText($0)) }
        if granted.isEmpty { throw .invalidScope }
        if granted == scopes { return all }
        switch grant {
        case .union, .token: return GrantedScopes(scopes: granted, roles: [])
        case .intersection: return GrantedScopes(scopes: granted, roles: roles)
        case .roles: throw .invalidScope
        }
    }
}
