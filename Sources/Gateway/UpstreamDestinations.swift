import Configuration
import HTTP
import Transport
import Upstream

/// What a configuration has pools of connections for: its upstreams, and the same servers under another name for routes that
/// send it.
struct UpstreamDestinations {
    /// Those of the configuration's upstreams in their order, and then the others.
    private(set) var settings: [UpstreamSettings]
    /// For routes whose requests go to none of the first: the position of theirs.
    private(set) var ofRoutes: [Int: Int] = [:]

    init(_ configuration: GatewayConfiguration) {
        settings = configuration.upstreams.map { UpstreamSettings($0, configuration.limits) }
        guard configuration.upstreams.contains(where: { $0.tls != nil }) else { return }
        let upstreams = Dictionary(
            configuration.upstreams.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        var added: [UpstreamSettings: Int] = [:]
        for (route, entry) in configuration.routes.enumerated() {
            guard let upstream = upstreams[entry.upstream] else { continue }
            var named = settings[upstream]
            named.tls = configuration.upstreams[upstream].tls(sending: entry.upstreamHost)
            guard named != settings[upstream] else { continue }
            if added[named] == nil {
                added[named] = settings.count
                settings.append(named)
            }
            ofRoutes[route] = added[named]
        }
    }
}

extension UpstreamSettings {
    fileprivate init(_ upstream: UpstreamConfiguration, _ limits: LimitsConfiguration) {
        let server: Server =
            switch upstream.servers[0].address {
            case .ip(let host, let port): .host(host, port: UInt16(port))
            case .unix(let path): .unix(path: path)
            }
        self.init(
            server: server, tls: upstream.tls, applicationProtocol: upstream.applicationProtocol,
            messageLimits: MessageLimits(limits), connectTimeout: Nanoseconds(limits.connectTimeout),
            handshakeTimeout: Nanoseconds(limits.handshakeTimeout),
            idleTimeout: Nanoseconds(limits.upstreamIdleTimeout), connectionLimit: limits.upstreamConnections)
    }
}
