import HTTP

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

extension SocketAddressConfiguration {
    /// The same for all ways to write an address to connect to, as far as they are known without asking: IP addresses and
    /// paths are compared by what they mean, names as text, and this machine has one name.
    package var canonical: SocketAddressConfiguration {
        switch self {
        case .ip(let host, let port): .ip(host: Self.canonicalHost(host), port: port)
        case .unix(let path): .unix(path: Self.canonicalPath(path))
        }
    }

    private static func canonicalHost(_ host: String) -> String {
        guard let address = IPAddress(host.utf8.span) else {
            return host.withoutFinalDot
        }
        let text = String(decoding: address.text, as: UTF8.self)
        // Connecting to the unspecified address reaches this machine.
        return ["127.0.0.1", "::1", "0.0.0.0", "::"].contains(text) ? "localhost" : text
    }

    private static func canonicalPath(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        return "/" + segments.joined(separator: "/")
    }
}
