package import TLS
package import Transport

/// How the gateway's own client reaches a service.
package struct OutboundSettings: Sendable, Hashable {
    /// What proves who the server is, and the gateway; `serverName` is that of the URL unless it is given here.
    package var tls = TrustSettings()
    /// Through which proxies.
    package var proxies = ProxySettings()
    /// Whether `http` URLs lead anywhere but to this machine.
    package var allowsCleartext = false
    /// How long one request may take, from looking its name up to the last byte of the response.
    package var timeout = Nanoseconds.seconds(5)
    /// How many connections are open at once.
    package var connectionLimit = 16

    package init() {}
}

/// Which certificates the gateway's own client takes and shows; the contents of files, which were read and checked before.
package struct TrustSettings: Sendable, Hashable {
    /// Whose certificates are good, as PEM; nil for those that the system trusts.
    package var authorities: [UInt8]?
    /// What the gateway shows of itself; nil for nothing.
    package var certificate: ClientTLSSettings.Certificate?
    /// The name that certificates must have, where it is not that of the URL.
    package var serverName: String?

    package init() {}
}
