import Authentication
import Authorization
package import Configuration
import JOSE
package import TokenEndpoint

/// The built-in issuer of a configuration.
struct TokenService {
    let issuer: TokenIssuer
    /// The JWK Set of its key, as JSON.
    let keySet: [UInt8]

    /// - Parameters:
    ///   - configuration: the accounts, and what their roles grant.
    ///   - evaluator: that of the same configuration.
    init?(_ configuration: GatewayConfiguration, _ evaluator: Evaluator) {
        guard let index = configuration.issuers.firstIndex(where: { $0.tokenEndpoint != nil }),
            let endpoint = configuration.issuers[index].tokenEndpoint
        else { return nil }
        let scopes = Vocabulary(configuration.scopes.map(\.name))
        let roles = Vocabulary(configuration.roles.map(\.name))
        func accounts(_ configured: [AccountConfiguration]) -> [Account] {
            configured.map { account in
                let holder = SupposedHolder(
                    issuerIndex: index, scopes: scopes.set(of: account.scopes), roles: roles.set(of: account.roles))
                return Account(
                    name: account.name, hash: account.hash, scopes: evaluator.scopes(heldBy: holder, among: scopes),
                    roles: account.roles)
            }
        }
        let configured = configuration.issuers[index]
        let audience: [String] = if case .oneOf(let names) = configured.audience { names } else { [] }
        issuer = TokenIssuer(
            issuer: configured.issuer, audience: audience, lifetime: Int(endpoint.lifetime.components.seconds),
            key: endpoint.signingKey, users: accounts(endpoint.users), clients: accounts(endpoint.clients),
            grant: Grant(configured.grant ?? configuration.grant))
        keySet = endpoint.signingKey.publicKeySet()
    }
}

extension TokenIssuer {
    /// The built-in issuer of a configuration; nil if it has none.
    ///
    /// - Parameter configuration: the accounts, and what their roles grant.
    /// - Throws: what the configuration's reader should have found: a fault of ours.
    package init?(_ configuration: GatewayConfiguration) throws(EvaluatorError) {
        guard let service = TokenService(configuration, try Evaluator(configuration)) else { return nil }
        self = service.issuer
    }
}
