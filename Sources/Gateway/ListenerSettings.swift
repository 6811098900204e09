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
    let answersLiveness: Bool
    let underscoreFields: ForwardingRules.UnderscoreFields
    /// What handshakes are done with; nil in cleartext.
    let tls: ServerTLSContext?
    let speaksHTTP2: Bool
    private let trustedProxies: TrustedProxies

    /// - Parameters:
    ///   - listener: what is configured.
    ///   - id: which it is.
    ///   - tls: what handshakes are done with; nil in cleartext.
    init(_ listener: ListenerConfiguration, id: ListenerID, tls: ServerTLSContext? = nil) {
        self.id = id
        self.tls = tls
        speaksHTTP2 = listener.speaksHTTP2
        scheme = listener.scheme == .https ? .https : .http
        defaultPort = UInt16(listener.scheme.defaultPort)
        readsProxyProtocol = listener.readsProxyProtocol
        refusesUnderscores = listener.underscoreFields == .reject
        answersLiveness = listener.answersLiveness
        underscoreFields = listener.underscoreFields == .pass ? .pass : .drop
        trustedProxies = listener.trustedProxies
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
