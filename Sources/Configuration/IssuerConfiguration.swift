package import IdentityProviders
package import JOSE
package import Outbound

/// An issuer whose tokens are good here.
package struct IssuerConfiguration: Sendable, Equatable {
    /// The name in the file.
    package var name: String
    /// What `iss` must be, exactly.
    package var issuer: String
    /// Whom a token must be meant for.
    package var audience: AudienceConfiguration
    /// The accepted signature algorithms; at least one.
    package var algorithms: [SignatureAlgorithm]
    /// Where the keys come from.
    package var keySource: KeySourceConfiguration
    /// The keys as they were when the configuration was read; none where they are fetched, or the issuer is asked.
    package var keys: KeySet
    /// Whether nothing is accepted before there are keys.
    package var waitsForKeys = false
    /// Where tokens hold what is looked for.
    package var claims: ClaimsConfiguration
    /// The claims without which a token is refused.
    package var requiredClaims: [String]
    /// By how much the clocks of issuer and gateway may differ.
    package var clockSkew: Duration
    /// The longest time from `iat` (or from now) to `exp`; nil for any.
    package var maximumLifetime: Duration?
    /// Whether a token without `exp` is refused.
    package var requiresExpiry: Bool
    /// What the token's header must say that it is (`typ`, RFC 9068 §2.1); nil for the usual types.
    package var tokenType: String?
    /// How scopes and roles come together for this issuer; nil for the way of all.
    package var grant: ScopeGrant?
    /// Where the gateway itself issues the tokens; nil for an issuer elsewhere.
    package var tokenEndpoint: TokenEndpointConfiguration?
}

/// Whom a token must be meant for.
package enum AudienceConfiguration: Sendable, Equatable {
    /// Tokens for anyone.
    case any
    /// At least one of these must be in `aud`.
    case oneOf([String])
}

/// Where an issuer's keys come from.
package enum KeySourceConfiguration: Sendable, Equatable {
    /// A file with a JWK Set (RFC 7517 §5), by its path.
    case file(String)
    /// A file with public keys or certificates in PEM (RFC 7468), by its path.
    case pemFile(String)
    /// A secret for HMAC (RFC 7518 §3.2).
    case secret
    /// A JWK Set in the configuration itself.
    case inline
    /// The key that the gateway's own tokens are signed with.
    case tokenEndpoint
    /// They are fetched.
    case remote(RemoteKeysSettings)
    /// There are none: the issuer is asked about each token (RFC 7662).
    case introspection(IntrospectionSettings)

    /// How the provider is reached; nil if it is never asked.
    package var provider: OutboundSettings? {
        switch self {
        case .remote(let settings): settings.client
        case .introspection(let settings): settings.client
        case .file, .pemFile, .secret, .inline, .tokenEndpoint: nil
        }
    }
}

/// Where a token's claims hold what the gateway looks for: lists of paths, of which each is a list of keys.
package struct ClaimsConfiguration: Sendable, Equatable {
    /// The union of these.
    package var scopes = [["scope"], ["scp"]]
    /// The union of these.
    package var roles = [["roles"]]
    /// The first of these that there is.
    package var subject = [["sub"]]
    /// The first of these that there is.
    package var client = [["client_id"], ["azp"]]
}
