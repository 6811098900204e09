package import Authorization
internal import Bytes
package import JOSE
internal import Passwords

/// Decides who gets which token, and signs it. It never changes and has neither sockets nor a clock.
package struct TokenIssuer: Sendable {
    private let issuer: String
    private let audience: [String]
    private let lifetime: Int
    private let key: SigningKey
    private let users: AccountList
    private let clients: AccountList
    private let grant: Grant

    /// - Parameters:
    ///   - issuer: what tokens say as `iss`.
    ///   - audience: what tokens say as `aud`; at least one.
    ///   - lifetime: how long a token is good, in seconds.
    ///   - key: what tokens are signed with.
    ///   - users: whom the password grant knows.
    ///   - clients: whom the client-credentials grant knows; no name of a user is among their identifiers.
    ///   - grant: how scopes and roles of a token come together where it is used.
    package init(
        issuer: String, audience: [String], lifetime: Int, key: SigningKey, users: [Account], clients: [Account],
        grant: Grant
    ) {
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
        self.key = key
        self.users = AccountList(users)
        self.clients = AccountList(clients)
        self.grant = grant
    }

    /// Answers a request; checks passwords, which takes tens of milliseconds each, so never on an event loop.
    ///
    /// - Parameters:
    ///   - request: what is asked for.
    ///   - now: seconds since 1970.
    /// - Returns: the token.
    /// - Throws: `TokenEndpointError`: why there is none.
    package func answer(_ request: TokenRequest, now: Int) throws(TokenEndpointError) -> IssuedToken {
        let client = try authenticate(request.client)
        switch request.grant {
        case .clientCredentials:
            guard let client else { throw .invalidClient }
            // A client may be there for nothing but to say through which application users log in.
            guard !client.scopes.isEmpty || !client.roles.isEmpty else { throw .unauthorizedClient }
            return try issue(to: client, through: client, scopes: request.scopes, now: now)
        case .password(let name, let password):
            guard !users.isEmpty else { throw .unsupportedGrantType }
            guard let user = try check({ () throws(ScryptError) in try users.authenticate(name, password: password) })
            else { throw .invalidGrant }
            return try issue(to: user, through: client, scopes: request.scopes, now: now)
        }
    }

    /// A token for an account whose password nobody asked for: for those who can read the signing key.
    ///
    /// - Parameters:
    ///   - name: a user or a client.
    ///   - scopes: what is asked for; nil for all.
    ///   - now: seconds since 1970.
    /// - Returns: the token, or nil if there is no such account.
    /// - Throws: `TokenEndpointError.invalidScope` or `.unavailable`.
    package func mint(for name: String, scopes: [String]?, now: Int) throws(TokenEndpointError) -> IssuedToken? {
        if let user = users.account(named: name) { return try issue(to: user, through: nil, scopes: scopes, now: now) }
        guard let client = clients.account(named: name) else { return nil }
        return try issue(to: client, through: client, scopes: scopes, now: now)
    }

    /// The client, if it proved who it is; nil if none is named.
    private func authenticate(_ credential: ClientCredential?) throws(TokenEndpointError) -> Account? {
        guard let credential else { return nil }
        guard let secret = credential.secret,
            let client = try check({ () throws(ScryptError) in
                try clients.authenticate(credential.identifier, password: secret)
            })
        else { throw .invalidClient }
        return client
    }

    private func check(_ body: () throws(ScryptError) -> Account?) throws(TokenEndpointError) -> Account? {
        do {
            return try body()
        } catch {
            throw .unavailable
        }
    }

    // MARK: Tokens

    private func issue(
        to account: Account, through client: Account?, scopes: [String]?, now: Int
    ) throws(TokenEndpointError) -> IssuedToken {
        let granted = try account.grant(scopes, by: grant)
        var numbers = RandomNumbers()
        let tokenID = [numbers.next(), numbers.next()].map { String($0, radix: 36) }.joined()
        let claims = AccessTokenClaims(
            issuer: issuer, subject: account.name, audience: audience, client: client?.name, scopes: granted.scopes,
            roles: granted.roles, tokenID: tokenID, issuedAt: now, expiry: now + lifetime)
        guard let token = key.token(claims: claims.json.span, type: "at+jwt") else { throw .unavailable }
        return IssuedToken(
            token: token, scopes: granted.scopes, lifetime: lifetime, subject: account.name, client: client?.name,
            issuer: issuer, tokenID: tokenID)
    }
}
