import HTTP

/// Decodes the sockets that the gateway listens on.
struct ListenerDecoder {
    let files: NamedFiles

    private var problems: ProblemCollector { files.problems }

    func decode(_ list: Cursor?) -> [ListenerConfiguration] {
        var lines: [SocketAddressConfiguration: Int] = [:]
        return (list?.elements ?? []).compactMap { listener in
            guard let address = address(of: listener, &lines) else { return nil }
            var configuration = ListenerConfiguration(address: address)
            configuration.externalURL = listener["external_url"]?.string.flatMap { try? ExternalURLText.parse($0) }
            configuration.speaksHTTP2 = listener["http2"]?.boolean ?? true
            configuration.tls = ServerTLSDecoder(files: files)
                .decode(listener["tls"], offersHTTP2: configuration.speaksHTTP2)
            for proxy in listener["trusted_proxies"]?.strings ?? [] {
                if proxy == "unix:" {
                    configuration.trustedProxies.includesUnixSockets = true
                } else if let range = AddressRange(proxy.utf8.span) {
                    configuration.trustedProxies.ranges.append(range)
                }
            }
            configuration.readsProxyProtocol = listener["proxy_protocol"]?.boolean ?? false
            configuration.underscoreFields = listener["underscore_fields"]?.choice(UnderscoreFields.self) ?? .drop
            configuration.answersLiveness = listener["livez"]?.boolean ?? false
            configuration.publishesResourceMetadata = listener["resource_metadata"]?.boolean ?? true
            if configuration.readsProxyProtocol, listener["trusted_proxies"] == nil {
                problems.report(
                    "\"proxy_protocol\" is believed from \"trusted_proxies\" only, and none are listed",
                    as: .contradiction, at: listener.nameRange(of: "proxy_protocol"),
                    pointer: .key(listener.pointer, "proxy_protocol"))
            }
            return configuration
        }
    }

    /// The socket for operators, which must not be reachable from other machines.
    func decodeAdmin(_ cursor: Cursor?, listeners: [ListenerConfiguration]) -> AdminConfiguration? {
        guard let cursor = cursor?["address"], let text = cursor.string,
            let written = try? AddressText.parse(text, ports: 0...65535)
        else { return nil }
        let address = files.paths.resolve(written)
        if !address.isLoopback {
            problems.report(
                "the socket for operators is for this machine only: 127.0.0.1, [::1], localhost or unix:/path",
                as: .exposedAdmin, at: cursor)
        }
        if !address.isAnyPort, listeners.contains(where: { $0.address == address }) {
            problems.report("a listener has this address, too", as: .usedTwice, at: cursor)
        }
        return AdminConfiguration(address: address)
    }

    private func address(
        of listener: Cursor, _ lines: inout [SocketAddressConfiguration: Int]
    ) -> SocketAddressConfiguration? {
        guard let cursor = listener["address"], let text = cursor.string,
            let written = try? AddressText.parse(text, ports: 0...65535)
        else { return nil }
        let address = files.paths.resolve(written)
        let line = problems.line(of: cursor)
        if let other = lines[address], !address.isAnyPort {
            problems.report("the listener on line \(other) has this address, too", as: .usedTwice, at: cursor)
        }
        lines[address] = line
        return address
    }
}

extension SocketAddressConfiguration {
    /// Whether connecting to this address may reach a socket that listens on `loopback`.
    func leads(to loopback: SocketAddressConfiguration) -> Bool {
        guard case .ip(let host, let port) = self, case .ip(let other, port) = loopback else { return self == loopback }
        return self == loopback || !Self.addresses(of: host).isDisjoint(with: Self.addresses(of: other))
    }

    /// The addresses that a host stands for, as far as that is known without asking.
    private static func addresses(of host: String) -> Set<IPAddress> {
        let texts =
            switch host {
            case "localhost", "localhost.": ["127.0.0.1", "::1"]
            // Connecting to the unspecified address reaches this machine.
            case "0.0.0.0": ["127.0.0.1"]
            case "::": ["::1"]
            default: [host]
            }
        return Set(texts.compactMap { IPAddress($0.utf8.span) })
    }

    /// Whether the system chooses the port, so that two sockets may have this address.
    fileprivate var isAnyPort: Bool {
        if case .ip(_, 0) = self { true } else { false }
    }

    /// Whether only this machine can connect to it.
    var isLoopback: Bool {
        switch self {
        case .unix: true
        case .ip(let host, _):
            if let v4 = IPAddress.ipv4(host.utf8.span) { v4 >> 24 == 127 } else { host == "::1" || host == "localhost" }
        }
    }
}
