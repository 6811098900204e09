package import Routing
package import TLS

/// A service that requests are forwarded to.
package struct UpstreamConfiguration: Sendable, Equatable {
    /// The name in the file; for one that is written inside a route, `routes/` and the route's `id`.
    package var name: String
    /// At least one; for now exactly one.
    package var servers: [UpstreamServerConfiguration]
    /// What the servers speak.
    package var applicationProtocol = ApplicationProtocol.http11
    /// How the servers prove who they are, by the name of the first or the one that is written; nil for cleartext.
    package var tls: ClientTLSSettings?
    /// Whether the name that the servers must prove is written in `tls`.
    package var namesServer = false
    /// Whether the servers take upper and lower case in paths for the same.
    package var ignoresCase = false
    /// Whether the servers take a path with and without a slash at its end for the same.
    package var ignoresTrailingSlash = false

    /// The TLS for requests of a route.
    ///
    /// A literal `upstream_host` is also the name that the server is asked for and must prove, unless one is written in
    /// `tls`. The host of a client never is: the client would choose who may answer.
    ///
    /// - Parameter host: which `Host` the route sends.
    /// - Returns: the settings with the route's name; nil for cleartext.
    package func tls(sending host: UpstreamHostConfiguration) -> ClientTLSSettings? {
        guard var settings = tls, !namesServer, case .literal(let text) = host,
            case .ip(let name, _)? = try? AddressText.parse(text, ports: 1...65535, defaultPort: 443)
        else { return tls }
        settings.serverName = name.withoutFinalDot
        return settings
    }

    /// Where its requests go: upstreams that lead to the same servers have the same.
    package var destination: Set<SocketAddressConfiguration> { Set(servers.map(\.address.canonical)) }

    /// What the servers take for the same in paths.
    package var folding: PathFolding {
        var folding: PathFolding = []
        if ignoresCase { folding.insert(.letterCase) }
        if ignoresTrailingSlash { folding.insert(.trailingSlash) }
        return folding
    }
}

/// One server of an upstream.
package struct UpstreamServerConfiguration: Sendable, Equatable {
    /// Whether it is spoken with inside TLS.
    package var scheme: URLScheme
    /// Where it is connected to.
    package var address: SocketAddressConfiguration
    /// What `Host` the server is known by: its name, with the port unless it is the scheme's; `localhost` for a Unix-domain socket.
    package var authority: String
}
