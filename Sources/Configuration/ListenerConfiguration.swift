package import HTTP
package import TLS

/// A socket that clients connect to.
package struct ListenerConfiguration: Sendable, Equatable {
    /// Where it listens.
    package var address: SocketAddressConfiguration
    /// How clients name it; nil if that is not said.
    package var externalURL: ExternalURL?
    /// Its TLS; nil for cleartext.
    package var tls: ServerTLSSettings?
    /// Whether HTTP/2 is spoken with clients that begin so.
    package var speaksHTTP2 = true
    /// Whose forwarding fields and PROXY headers are believed.
    package var trustedProxies = TrustedProxies()
    /// Whether connections from trusted proxies begin with a PROXY protocol header.
    package var readsProxyProtocol = false
    /// What happens to fields with an underscore in their name.
    package var underscoreFields = UnderscoreFields.drop
    /// Whether `/livez` is answered by the gateway itself.
    package var answersLiveness = false

    /// Whether clients find here who issues tokens (RFC 9728), if the external URL is known.
    package var publishesResourceMetadata = true

    /// The URL that resource metadata is published for (RFC 9728); nil if none is.
    package var publishedURL: ExternalURL? { publishesResourceMetadata ? externalURL : nil }

    /// The scheme that clients use: that of the external URL, or else what the listener itself speaks.
    package var scheme: URLScheme { externalURL?.scheme ?? (tls == nil ? .http : .https) }
}

/// How clients name a listener; never derived from what a client sends.
package struct ExternalURL: Sendable, Hashable {
    /// The scheme that clients use.
    package var scheme: URLScheme
    /// The host in lower case, with the port unless it is the scheme's own.
    package var authority: String
    /// The port, also where it is the scheme's own.
    package var port: Int

    /// The URL as an origin (RFC 6454 section 6.2): without a slash at its end.
    package var origin: String { "\(scheme.rawValue)://\(authority)" }

    /// The host without the port.
    package var host: Substring {
        port == scheme.defaultPort ? authority[...] : authority.dropLast(":\(port)".utf8.count)
    }
}

/// Who may say whom a request comes from.
package struct TrustedProxies: Sendable, Equatable {
    /// The addresses of proxies.
    package var ranges: [AddressRange] = []
    /// Whether whoever connects over a Unix-domain socket is one.
    package var includesUnixSockets = false

    /// Whether nobody is trusted.
    package var isEmpty: Bool { ranges.isEmpty && !includesUnixSockets }
}

/// What happens to fields with an underscore in their name, which some servers take for a hyphen.
package enum UnderscoreFields: String, Sendable, CaseIterable {
    /// They do not cross.
    case drop
    /// The request is refused.
    case reject
    /// They cross, unless they would be taken for a field that the gateway writes.
    case pass
}

/// The socket for operators.
package struct AdminConfiguration: Sendable, Equatable {
    /// A loopback address or a Unix-domain socket.
    package var address: SocketAddressConfiguration
}
