package import JOSE
package import Passwords

/// A built-in issuer: who gets tokens from the gateway itself, and how they are signed.
package struct TokenEndpointConfiguration: Sendable, Equatable {
    /// The canonical path of the token endpoint.
    package var path: String
    /// How long tokens are good.
    package var lifetime: Duration
    /// What tokens are signed with.
    package var signingKey: SigningKey
    /// Whom the password grant knows, in file order.
    package var users: [AccountConfiguration]
    /// Whom the client-credentials grant knows, in file order; no name is that of a user.
    package var clients: [AccountConfiguration]
}

/// A user or a client of the built-in issuer.
package struct AccountConfiguration: Sendable, Equatable {
    /// The name of the user, or the identifier of the client.
    package var name: String
    /// The hash of the password, or of the client's secret.
    package var hash: PasswordHash
    /// The scopes that it has by itself.
    package var scopes: [String]
    /// The roles that it has.
    package var roles: [String]
}
