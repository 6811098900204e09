package import Routing

/// A route: which requests it is for, who may make them, and where they go.
package struct RouteConfiguration: Sendable, Equatable {
    /// The unique name, as in logs and `explain`.
    package var id: String
    /// Where it stands in the file, counted from 1.
    package var line: Int
    /// Where it stands in its line, counted from 1.
    package var column: Int
    /// The template that paths are matched with.
    package var pattern: RoutePattern
    /// Whether the path matches with and without a trailing slash.
    package var ignoresTrailingSlash: Bool
    /// The hosts it is for; nil for every host and for none.
    package var host: HostPattern?
    /// The methods it is for.
    package var methods: MethodSet
    /// Who may use it.
    package var access: AccessConfiguration
    /// The names of the issuers whose tokens are good here; nil for all.
    package var issuers: [String]?
    /// The name of the upstream.
    package var upstream: String
    /// How the path is changed for the upstream; nil if it is not.
    package var rewrite: RewriteConfiguration?
    /// How long the upstream may take to the end of its response head.
    package var timeout: Duration
    /// How long either side may go without a byte of a body.
    package var idleTimeout: Duration
    /// How long a stream may go without a byte either way: a WebSocket, an event stream, a call of gRPC.
    package var streamIdleTimeout: Duration
    /// Whether streams may go on when their token has expired.
    package var outlivesToken: Bool
    /// The largest request body in bytes; nil for any.
    package var maximumBody: Int?
    /// The path forms that are let in although they can be read in several ways, and `methodOverride`.
    package var allow: Set<AllowedForm>
    /// Whether the upstream sees the client's credential: `Authorization`, the field for API keys, and what stands in a place of
    /// `token_locations`.
    package var passesAuthorization: Bool
    /// Which `Host` the upstream sees.
    package var upstreamHost: UpstreamHostConfiguration
    /// What the upstream is told about who makes a request.
    package var identityHeaders: [IdentityHeaderConfiguration]
    /// Which pages of other origins may use it; nil if the gateway says nothing of that.
    package var crossOrigin: CrossOriginConfiguration?
    /// Whether a denial is only logged.
    package var isShadow: Bool
}

/// Who may use a route.
package enum AccessConfiguration: Sendable, Equatable {
    /// Everyone; no credential is looked at.
    case everyone
    /// Whoever has a valid token.
    case authenticated
    /// Whoever has a valid token and meets the requirement.
    case restricted(RequirementConfiguration)

    /// Who may use the route, in words.
    package var words: String {
        switch self {
        case .everyone: return "public"
        case .authenticated: return "authenticated"
        case .restricted(let requirement):
            var parts: [String] = []
            if !requirement.scopes.isEmpty { parts.append("scopes " + requirement.scopes.joined(separator: " ")) }
            if !requirement.anyScopes.isEmpty {
                parts.append(
                    "scopes " + requirement.anyScopes.map { $0.joined(separator: " ") }.joined(separator: " or "))
            }
            if !requirement.roles.isEmpty { parts.append("role " + requirement.roles.joined(separator: " or ")) }
            return parts.joined(separator: ", and ")
        }
    }
}

/// What a token must hold; all parts that are not empty apply.
package struct RequirementConfiguration: Sendable, Equatable {
    /// All of these scopes.
    package var scopes: [String] = []
    /// All scopes of at least one of these lists.
    package var anyScopes: [[String]] = []
    /// At least one of these roles.
    package var roles: [String] = []
}

/// What a route lets in by name (configuration.md, `allow`).
package enum AllowedForm: String, Sendable, CaseIterable {
    case encodedSlash = "encoded_slash"
    case encodedBackslash = "encoded_backslash"
    case emptySegments = "empty_segments"
    case parameters
    case doubleEncoding = "double_encoding"
    case invalidUTF8 = "invalid_utf8"
    case methodOverride = "method_override"
}

/// Which `Host` the upstream sees.
package enum UpstreamHostConfiguration: Sendable, Equatable {
    /// The client's canonical host.
    case client
    /// The server's own name.
    case upstream
    case literal(String)
}
