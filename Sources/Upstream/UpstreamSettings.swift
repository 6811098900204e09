package import HTTP
package import TLS
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
    /// How the server proves who it is; nil for cleartext.
    package var tls: ClientTLSSettings?
    /// What the server speaks.
    package var applicationProtocol: ApplicationProtocol
    /// How large heads of HTTP/2 may be.
    package var messageLimits: MessageLimits
    /// How long connecting may take, over all addresses.
    package var connectTimeout: Nanoseconds
    /// How long the handshake of TLS may take after that.
    package var handshakeTimeout: Nanoseconds
    /// How long an idle connection is kept: shorter than the upstream keeps it.
    package var idleTimeout: Nanoseconds
    /// How many connections one worker may have open.
    package var connectionLimit: Int

    /// - Parameters:
    ///   - server: where the server is.
    ///   - tls: how it proves who it is; nil for cleartext.
    ///   - applicationProtocol: what it speaks.
    ///   - messageLimits: how large heads of HTTP/2 may be.
    ///   - connectTimeout: how long connecting may take, over all addresses.
    ///   - handshakeTimeout: how long the handshake of TLS may take after that.
    ///   - idleTimeout: how long an idle connection is kept.
    ///   - connectionLimit: how many connections one worker may have open.
    package init(
        server: Server, tls: ClientTLSSettings? = nil, applicationProtocol: ApplicationProtocol = .http11,
        messageLimits: MessageLimits = MessageLimits(), connectTimeout: Nanoseconds,
        handshakeTimeout: Nanoseconds = .seconds(10), idleTimeout: Nanoseconds, connectionLimit: Int
    ) {
        self.server = server
        self.tls = tls
        self.applicationProtocol = applicationProtocol
        self.messageLimits = messageLimits
        self.connectTimeout = connectTimeout
        self.handshakeTimeout = handshakeTimeout
        self.idleTimeout = idleTimeout
        self.connectionLimit = connectionLimit
    }
}
