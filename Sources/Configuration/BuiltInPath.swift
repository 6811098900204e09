package import HTTP

/// A path that the gateway answers itself: no route covers it, whatever its host and template.
package enum BuiltInPath: Sendable, Hashable {
    /// Whether the process serves, on the listeners that say so.
    case liveness
    /// The token endpoint of the built-in issuer (RFC 6749 §3.2).
    case token(path: String)
    /// The public keys of the built-in issuer (RFC 7517 §5).
    case keySet
    /// Who issues the tokens that are good here (RFC 9728 §3), on the listeners whose external URL is known.
    case resourceMetadata

    /// The name in logs and lists.
    package var id: String {
        switch self {
        case .liveness: "gateway.livez"
        case .token: "gateway.token"
        case .keySet: "gateway.jwks"
        case .resourceMetadata: "gateway.resource_metadata"
        }
    }

    /// The canonical path.
    package var path: String {
        switch self {
        case .liveness: "/livez"
        case .token(let path): path
        case .keySet: "/.well-known/jwks.json"
        case .resourceMetadata: "/.well-known/oauth-protected-resource"
        }
    }

    /// Whether every path below is the gateway's, too: one for each resource (RFC 9728 §3.1).
    package var includesPathsBelow: Bool { self == .resourceMetadata }

    /// The methods that are answered.
    package var methods: [Method] {
        switch self {
        case .liveness, .keySet, .resourceMetadata: [.get, .head]
        case .token: [.post]
        }
    }
}

extension GatewayConfiguration {
    /// The paths that the gateway answers itself, on any listener.
    package var builtInPaths: [BuiltInPath] {
        var paths: [BuiltInPath] = listeners.contains(where: \.answersLiveness) ? [.liveness] : []
        if let tokenEndpoint { paths += [.token(path: tokenEndpoint.path), .keySet] }
        if listeners.contains(where: { $0.publishedURL != nil }) { paths.append(.resourceMetadata) }
        return paths
    }

    /// The token endpoint of the built-in issuer; nil if there is none.
    package var tokenEndpoint: TokenEndpointConfiguration? { issuers.lazy.compactMap(\.tokenEndpoint).first }
}
