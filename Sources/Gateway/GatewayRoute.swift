import Authentication
import Configuration
import HTTP
import Transport

/// A route as the walk needs it: everything looked up, nothing left to parse.
final class GatewayRoute {
    let id: String
    /// The position in the configuration, by which the policy knows it.
    let index: Int
    let isPublic: Bool
    /// The issuers whose tokens are good here, by position; nil for all.
    let issuers: NameSet?
    /// The position of the upstream's pool.
    let upstream: Int
    let upstreamName: String
    /// How the path is changed for the upstream; nil if it is not.
    let rewrite: PathRewrite?
    /// What `Host` the upstream sees; nil for the client's.
    let upstreamHost: [UInt8]?
    let timeout: Nanoseconds
    let idleTimeout: Nanoseconds
    /// The longest request body in bytes; nil for any.
    let maximumBody: Int?
    let allowedForms: PathForms
    let allowsMethodOverride: Bool
    /// Fields that do not cross here, besides those that never do.
    let strippedFields: FieldNameSet

    /// - Parameters:
    ///   - route: what is configured.
    ///   - index: its position in the configuration.
    ///   - issuers: the names of the issuers.
    ///   - upstreams: the names of the upstreams.
    ///   - configuration: where the upstreams are looked up.
    init(
        _ route: RouteConfiguration, index: Int, issuers: Vocabulary, upstreams: Vocabulary,
        in configuration: GatewayConfiguration
    ) {
        id = route.id
        self.index = index
        isPublic = route.access == .everyone
        self.issuers = route.issuers.map { issuers.set(of: $0) }
        upstreamName = route.upstream
        upstream = upstreams.index(of: route.upstream) ?? 0
        rewrite = route.rewrite.map(PathRewrite.init)
        upstreamHost =
            switch route.upstreamHost {
            case .client: nil
            case .upstream: Array(configuration.upstreams[upstream].servers[0].authority.utf8)
            case .literal(let host): Array(host.utf8)
            }
        timeout = Nanoseconds(route.timeout)
        idleTimeout = Nanoseconds(route.idleTimeout)
        maximumBody = route.maximumBody
        allowedForms = route.allow.reduce(into: PathForms()) { forms, allowed in
            switch allowed {
            case .encodedSlash: forms.insert(.encodedSlash)
            case .encodedBackslash: forms.insert(.encodedBackslash)
            case .emptySegments: forms.insert(.emptySegments)
            case .parameters: forms.insert(.parameters)
            case .doubleEncoding: forms.insert(.doubleEncoding)
            case .invalidUTF8: forms.insert(.invalidUTF8)
            case .methodOverride: break
            }
        }
        allowsMethodOverride = route.allow.contains(.methodOverride)
        strippedFields = route.passesAuthorization ? FieldNameSet() : FieldNameSet(.authorization)
    }
}
