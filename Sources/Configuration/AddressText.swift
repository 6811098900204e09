import HTTP

/// Parses addresses as the configuration writes them.
enum AddressText {
    /// The longest path of a Unix-domain socket: `sun_path` without its terminator.
    private static let maximumSocketPath = 107

    /// Parses `host:port`, `[v6]:port` or `unix:/path`.
    ///
    /// - Parameters:
    ///   - text: the address.
    ///   - ports: the ports that are allowed; port 0 lets the system choose one.
    ///   - defaultPort: the port where none is written; nil if one must be.
    /// - Returns: the address, with the host in lower case.
    /// - Throws: `ValueProblem`.
    static func parse(
        _ text: String, ports: ClosedRange<Int>, defaultPort: Int? = nil
    ) throws(ValueProblem) -> SocketAddressConfiguration {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, !path.utf8.contains(0) else {
                throw ValueProblem(message: "a path follows \"unix:\", as in \"unix:/run/gateway.sock\"")
            }
            guard path.utf8.count <= maximumSocketPath else {
                throw ValueProblem(message: "the path of a socket has at most \(maximumSocketPath) bytes")
            }
            return .unix(path: path)
        }
        let (host, portText) = try split(text)
        guard let portText else {
            if let defaultPort { return .ip(host: host, port: defaultPort) }
            throw ValueProblem(
                message: "the port is missing in \"\(text)\": write \"host:port\", \"[v6]:port\" or \"unix:/path\"")
        }
        guard !portText.isEmpty, portText.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(portText),
            ports.contains(port)
        else {
            throw ValueProblem(message: "\"\(portText)\" is not a port: \(ports.lowerBound) to \(ports.upperBound)")
        }
        return .ip(host: host, port: port)
    }

    /// Parses a host without a port: a name, an IPv4 address, or `[v6]`.
    ///
    /// - Parameter text: the host.
    /// - Returns: the host in lower case, without brackets and without a dot at its end.
    /// - Throws: `ValueProblem`.
    static func parseHost(_ text: String) throws(ValueProblem) -> String {
        guard case (let host, nil) = try split(text) else {
            throw ValueProblem(message: "\"\(text)\" is not a name or an address without a port")
        }
        return host.withoutFinalDot
    }

    /// Splits at the colon before the port; the host comes without brackets.
    private static func split(_ text: String) throws(ValueProblem) -> (host: String, port: String?) {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw ValueProblem(message: "\"[\" needs a closing \"]\"")
            }
            let host = String(text[text.index(after: text.startIndex)..<close])
            guard IPAddress(ipv6: host.utf8.span) != nil else {
                throw ValueProblem(message: "\"\(host)\" is not an IPv6 address")
            }
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw ValueProblem(message: "\":\" and a port follow \"]\"")
            }
            return (host.lowercased(), rest.isEmpty ? nil : String(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            throw ValueProblem(message: "an IPv6 address is written in brackets: \"[::1]:8080\"")
        }
        let host = String(parts[0])
        guard !host.isEmpty else {
            throw ValueProblem(
                message:
                    "the host is missing in \"\(text)\"; a listener may have \"0.0.0.0\" or \"[::]\" for all addresses")
        }
        guard IPAddress.ipv4(host.utf8.span) != nil || isName(host) else {
            throw ValueProblem(message: "\"\(host)\" is neither an address nor a host name")
        }
        return (host.lowercased(), parts.count == 2 ? String(parts[1]) : nil)
    }

    /// A host name (RFC 1123 §2.1, with `_`) that cannot be taken for an IPv4 address.
    private static func isName(_ text: String) -> Bool {
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        guard (1...253).contains(name.utf8.count) else { return false }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == 45 || byte == 95
                }
        }
        return areLabels && labels.last?.utf8.allSatisfy { (48...57).contains($0) } == false
    }
}

extension String {
    /// The name without the dot that may end it (RFC 1034 §3.1).
    var withoutFinalDot: String { hasSuffix(".") ? String(dropLast()) : self }
}

/// Parses how clients name a listener.
enum ExternalURLText {
    /// Parses `http://host`, `https://host` or either with a port.
    ///
    /// - Throws: `ValueProblem`.
    static func parse(_ text: String) throws(ValueProblem) -> ExternalURL {
        if StringForm.holdsUser(text) {
            throw ValueProblem(message: "the URL of a listener has no user name or password")
        }
        guard let (scheme, rest) = URLScheme.split(text) else {
            throw ValueProblem(
                message: "\"\(text)\" is not the URL of a listener: write \"https://host\" or \"https://host:port\"")
        }
        let authority = try URLAuthority(
            rest, of: text, scheme: scheme,
            pathProblem: "this URL names a listener: it has no path, query or fragment")
        guard case .ip(_, let port) = authority.address else {
            throw ValueProblem(message: "clients cannot name a Unix-domain socket in a URL")
        }
        return ExternalURL(scheme: scheme, authority: authority.text, port: port)
    }
}

/// Parses the URL of a server.
enum ServerURLText {
    /// Parses `http://host`, `https://host`, either with a port, or `http://unix:/path`.
    ///
    /// - Throws: `ValueProblem`.
    static func parse(_ text: String) throws(ValueProblem) -> UpstreamServerConfiguration {
        if StringForm.holdsUser(text) {
            throw ValueProblem(message: "the URL of a server has no user name or password")
        }
        guard let (scheme, rest) = URLScheme.split(text) else {
            throw ValueProblem(
                message: "\"\(text)\" is not the URL of a server: write \"http://host:port\", \"https://host:port\" or "
                    + "\"http://unix:/path\"")
        }
        if rest.hasPrefix("unix:") {
            // No name would be there that its certificate could have.
            guard scheme == .http else {
                throw ValueProblem(
                    message: "there is no TLS over a Unix-domain socket, which stays on this machine: write "
                        + "\"http://unix:/path\"")
            }
            let address = try AddressText.parse(String(rest), ports: 1...65535)
            return UpstreamServerConfiguration(scheme: scheme, address: address, authority: "localhost")
        }
        let authority = try URLAuthority(
            rest, of: text, scheme: scheme,
            pathProblem: "the URL of a server has no path: the request's own path is forwarded")
        return UpstreamServerConfiguration(scheme: scheme, address: authority.address, authority: authority.text)
    }
}
