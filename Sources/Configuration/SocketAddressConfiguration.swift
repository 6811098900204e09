/// Where a socket is bound or connected to, as it is written in the configuration.
package enum SocketAddressConfiguration: Sendable, Hashable, CustomStringConvertible {
    /// A host and a port; the host is an IPv4 address, an IPv6 address without brackets, or a name that is yet to be resolved.
    case ip(host: String, port: Int)
    /// The absolute path of a Unix-domain socket.
    case unix(path: String)

    /// The form in which it is written: `host:port`, `[v6]:port` or `unix:/path`.
    package var description: String {
        switch self {
        case .ip(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension SocketAddressConfiguration {
    /// The address that `text` stands for as a listener of the configuration writes it; nil if it is none.
    ///
    /// - Parameter text: `host:port`, `[v6]:port` or `unix:/path`.
    package init?(text: String) {
        guard let address = try? AddressText.parse(text, ports: 0...65535) else { return nil }
        self = address
    }
}
