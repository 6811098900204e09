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
    /// How the servers prove who they are, by the name of the first; nil for cleartext.
    package var tls: ClientTLSSettings?
    /// Whether the servers take upper and lower case in paths for the same.
    package var ignoresCase = false
    /// Whether the servers take a path with and without a slash at its end for the same.
    package var ignoresTrailingSlash = false

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
    /// Where it is connected to.
    package var address: SocketAddressConfiguration
    /// What `Host` the server is known by: its name, with the port unless that is 80; `localhost` for a Unix-domain socket.
    package var authority: String
}
