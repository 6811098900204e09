import Authentication
import Configuration
import HTTP
import Routing
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
    let streamIdleTimeout: Nanoseconds
    /// Whether streams may go on when their token has expired: also where nothing is enforced.
    let outlivesToken: Bool
    /// The longest request body in bytes; nil for any.
    let maximumBody: Int?
    let allowedForms: PathForms
    let allowsMethodOverride: Bool
    /// Whether the upstream sees the client's credential.
    let passesCredentials: Bool
    let identityHeaders: IdentityHeaders
    let crossOrigin: CrossOriginRules?

    /// - Parameters:
    ///   - route: what is configured.
    ///   - index: its position in the configuration.
    ///   - issuers: the names of the issuers.
    ///   - upstreams: the names of the upstreams.
    ///   - claims: the claims that principals keep.
    ///   - configuration: where the upstreams are looked up.
    init(
        _ route: RouteConfiguration, index: Int, issuers: Vocabulary, upstreams: Vocabulary,
        claims: ToldClaims, in configuration: GatewayConfiguration
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
        streamIdleTimeout = Nanoseconds(route.streamIdleTimeout)
        outlivesToken = route.outlivesToken || route.isShadow
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
        passesCredentials = route.passesAuthorization
        identityHeaders = IdentityHeaders(route.identityHeaders, claims: claims)
        let methods = route.methods == .all ? nil : route.methods.methods.map(\.name)
        crossOrigin = route.crossOrigin.map { CrossOriginRules($0, methods: methods) }
    }

    /// Whether a request that goes along `other` holds nothing that this route would keep back: an override of the method
    /// or URL, a credential, or a body that is longer than allowed here, or may become so.
    func wouldForwardAll(
        of request: borrowing Request, withCredential hasCredential: Bool, along other: GatewayRoute
    ) -> Bool {
        if other.allowsMethodOverride && !allowsMethodOverride
            && (request.fields.contains(.methodOverride) || request.fields.contains(.urlOverride))
        {
            return false
        }
        if hasCredential && other.passesCredentials && !passesCredentials { return false }
        guard let maximumBody else { return true }
        return switch request.framing {
        case .none: true
        case .length(let length): length <= maximumBody
        case .chunked, .untilClose: other.maximumBody.map { $0 <= maximumBody } ?? false
        }
    }
}
