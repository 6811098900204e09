package import HTTP

/// A path that the gateway answers itself: no route covers it, whatever its host and template.
package enum BuiltInPath: Sendable, Hashable {
    /// Whether the process serves, on the listeners that say so.
    case liveness
    /// The token endpoint of the built-in issuer (RFC 6749 §3.2).
    case token(path: String)
    /// The public keys of the built-in issuer (RFC 7517 §5).
    case keySet

    /// The name in logs and lists.
    package var id: String {
        switch self {
        case .liveness: "gateway.livez"
        case .token: "gateway.token"
        case .keySet: "gateway.jwks"
        }
    }

    /// The canonical path.
    package var path: String {
        switch self {
        case .liveness: "/livez"
        case .token(let path): path
        case .keySet: "/.well-known/jwks.json"
        }
    }

    /// The methods that are answered.
    package var methods: [Method] {
        switch self {
        case .liveness, .keySet: [.get, .head]
        case .token: [.post]
        }
    }
}

extension GatewayConfiguration {
    /// The paths that the gateway answers itself, on any listener.
    package var builtInPaths: [BuiltInPath] {
        let liveness: [BuiltInPath] = listeners.contains(where: \.answersLiveness) ? [.liveness] : []
        return liveness + (tokenEndpoint.map { [.token(path: $0.path), .keySet] } ?? [])
    }

    /// The token endpoint of the built-in issuer; nil if there is none.
    package var tokenEndpoint: TokenEndpointConfiguration? { issuers.lazy.compactMap(\.tokenEndpoint).first }
}
