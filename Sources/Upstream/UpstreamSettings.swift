package import Transport

/// What a pool needs to know of its upstream.
package struct UpstreamSettings: Sendable, Hashable {
    /// Where the server is.
    package enum Server: Sendable, Hashable {
        case host(String, port: UInt16)
        case unix(path: String)
    }

    /// Where the server is.
    package var server: Server
    /// How long connecting may take, over all addresses.
    package var connectTimeout: Nanoseconds
    /// How long an idle connection is kept: shorter than the upstream keeps it.
    package var idleTimeout: Nanoseconds
    /// How many connections one worker may have open.
    package var connectionLimit: Int

    package init(server: Server, connectTimeout: Nanoseconds, idleTimeout: Nanoseconds, connectionLimit: Int) {
        self.server = server
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.connectionLimit = connectionLimit
    }
}
