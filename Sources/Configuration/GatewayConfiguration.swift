package import Revocation

/// Everything that a gateway is told by its configuration file, with defaults filled in and references resolved.
///
/// A value of this type has passed every check: the names in it exist, its routes do not clash, its files were readable.
package struct GatewayConfiguration: Sendable {
    /// The first six hexadecimal digits of the file's SHA-256.
    package var hash: String
    /// At least one.
    package var listeners: [ListenerConfiguration]
    /// The socket for operators; nil for none.
    package var admin: AdminConfiguration?
    /// How many workers run; nil for one per core.
    package var workers: Int?
    /// The catalogue of scopes, in file order.
    package var scopes: [ScopeConfiguration]
    /// The roles, in file order.
    package var roles: [RoleConfiguration]
    /// How the token's scopes and those granted by its roles come together.
    package var grant: ScopeGrant
    /// The issuers whose tokens are good here, in file order.
    package var issuers: [IssuerConfiguration]
    /// The credentials of machines; nil for none.
    package var apiKeys: APIKeysConfiguration?
    /// Where tokens may stand besides `Authorization`.
    package var tokenLocations = TokenLocationsConfiguration()
    /// The named upstreams in file order, then those written inside routes.
    package var upstreams: [UpstreamConfiguration]
    /// The routes in file order; at least one.
    package var routes: [RouteConfiguration]
    /// What answers say that the gateway makes itself.
    package var refusals: RefusalConfiguration
    /// How the access log is written.
    package var accessLog: AccessLogConfiguration
    /// Where what must survive a restart is kept; nil for nowhere.
    package var stateDirectory: String?
    /// The tokens that a file revokes.
    package var revocations: [RevocationEntry] = []
    /// The bounds of what can grow or wait.
    package var limits: LimitsConfiguration
    /// What is added to forwarded messages.
    package var forwarding: ForwardingConfiguration
    /// The whole configuration as `gateway check --effective` shows it; nil if there is no socket for operators to show it on.
    package var effective: [UInt8]?
    /// What works, but is probably not meant, in the order of the file.
    package var warnings: [ConfigurationFinding] = []

    /// What routes may name as issuers, by position: the issuers, and then API keys where there are any.
    package var issuerNames: [String] {
        issuers.map(\.name) + (apiKeys == nil ? [] : [APIKeysConfiguration.issuerName])
    }

    /// How scopes and roles come together for those of an issuer, by its position in `issuerNames`.
    package func grant(ofIssuerAt position: Int) -> ScopeGrant {
        (position < issuers.count ? issuers[position].grant : apiKeys?.grant) ?? grant
    }
}

/// What the gateway adds to forwarded messages.
package struct ForwardingConfiguration: Sendable, Equatable {
    /// Whether `Via` is written (RFC 9110 §7.6.3).
    package var writesVia = true
}

/// What answers say that the gateway makes itself.
package struct RefusalConfiguration: Sendable, Equatable {
    /// The status where a scope or a role is missing: 401 or 403.
    package var insufficientScopeStatus = 401
    /// The status where no route matches: 401, or 404 (and then 405 where only the method has no route).
    package var unmatchedStatus = 401
    /// The realm of challenges (RFC 9110 §11.5), fit for a quoted string without escapes.
    package var realm = "gateway"
}
