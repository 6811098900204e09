import Bytes
import Configuration
import HTTP
import TLS

/// What the connections of one listener need of the configuration.
///
/// Each generation has its own; a connection looks its listener's up once, and again after a reload.
final class ListenerSettings {
    let id: ListenerID
    /// The scheme that clients use, whatever stands between them and the gateway.
    let scheme: ForwardedScheme
    /// The port that is left away from hosts: that of the scheme.
    let defaultPort: UInt16
    let readsProxyProtocol: Bool
    let refusesUnderscores: Bool
    private let answersLiveness: Bool
    let underscoreFields: ForwardingRules.UnderscoreFields
    /// What handshakes are done with; nil in cleartext.
    let tls: ServerTLSContext?
    let speaksHTTP2: Bool
    /// What OAuth clients are told of the resources behind the listener; nil if nothing is.
    let resources: ResourceDocuments?
    /// The origin that clients know the listener by; nil if that is not said.
    private let externalOrigin: [UInt8]?
    private let trustedProxies: TrustedProxies

    /// - Parameters:
    ///   - listener: what is configured.
    ///   - id: which it is.
    ///   - resources: what OAuth clients are told; nil for nothing.
    ///   - tls: what handshakes are done with; nil in cleartext.
    init(
        _ listener: ListenerConfiguration, id: ListenerID, resources: ResourceDocuments? = nil,
        tls: ServerTLSContext? = nil
    ) {
        self.id = id
        self.resources = resources
        self.tls = tls
        externalOrigin = listener.externalURL.map { Array($0.origin.utf8) }
        speaksHTTP2 = listener.speaksHTTP2
        scheme = listener.scheme == .https ? .https : .http
        defaultPort = UInt16(listener.scheme.defaultPort)
        readsProxyProtocol = listener.readsProxyProtocol
        refusesUnderscores = listener.underscoreFields == .reject
        answersLiveness = listener.answersLiveness
        underscoreFields = listener.underscoreFields == .pass ? .pass : .drop
        trustedProxies = listener.trustedProxies
    }

    /// Whether the gateway answers a built-in path here.
    func answers(_ path: BuiltInPath) -> Bool {
        switch path {
        case .liveness: answersLiveness
        case .resourceMetadata: resources != nil
        case .token, .keySet: true
        }
    }

    /// Looks whose pages those of an origin are.
    ///
    /// - Parameters:
    ///   - origin: the value of `Origin` (RFC 6454 section 7).
    ///   - host: the host of the same request.
    /// - Returns: whether they are this listener's own: by its external URL, or else by the host that the request names.
    func isOwn(_ origin: Span<UInt8>, host: HostName) -> Bool {
        if let externalOrigin { return origin.equals(externalOrigin.span) }
        let authority = host.authority
        let start = origin.count - authority.count
        guard !authority.isEmpty, start > 0, origin.extracting(start...).equals(authority.span) else { return false }
        let prefix = origin.extracting(..<start)
        return scheme == .https ? prefix.equals("https://") : prefix.equals("http://")
    }

    /// Whether the address is a trusted proxy's.
    func trusts(_ address: IPAddress) -> Bool {
        trustedProxies.ranges.contains { $0.contains(address) }
    }

    /// Whether whoever connects from `host`, an address in text, is a trusted proxy; it is empty for a Unix-domain socket.
    func trusts(host: [UInt8]) -> Bool {
        if trustedProxies.isEmpty { return false }
        if host.isEmpty { return trustedProxies.includesUnixSockets }
        guard let address = IPAddress(host.span) else { return false }
        return trusts(address)
    }
}
