import TLS

/// Decodes upstreams, those with a name and those inside routes.
struct UpstreamDecoder {
    let files: NamedFiles
    /// The socket for operators, which no request of a client may reach.
    let admin: AdminConfiguration?

    private var problems: ProblemCollector { files.problems }

    func decode(_ map: Cursor?) -> [UpstreamConfiguration] {
        (map?.members ?? []).map { decode($0.value, name: $0.name) }
    }

    func decode(_ cursor: Cursor, name: String) -> UpstreamConfiguration {
        let servers = decodeServers(cursor["servers"])
        var upstream = UpstreamConfiguration(
            name: name, servers: servers, ignoresCase: cursor["case_insensitive_paths"]?.boolean ?? false,
            ignoresTrailingSlash: cursor["ignores_trailing_slash"]?.boolean ?? false)
        let spoken = cursor["protocol"]?.choice(UpstreamProtocol.self) ?? .http11
        upstream.applicationProtocol = spoken.applicationProtocol
        guard let server = servers.first else { return upstream }
        if let place = cursor["protocol"], let problem = spoken.problem(with: server.scheme) {
            problems.report(problem, as: .contradiction, at: place)
        }
        switch (server.scheme, server.address, cursor["tls"]) {
        case (.https, .ip(let host, _), let tls):
            upstream.namesServer = tls?["server_name"] != nil
            upstream.tls = ClientTLSDecoder(files: files)
                .decode(tls, host: host.withoutFinalDot, applicationProtocol: spoken.applicationProtocol)
        case (_, _, let tls?):
            problems.report(
                "\"tls\" has no effect on a server with an \"http\" URL: write \"https\" there", as: .contradiction,
                at: cursor.nameRange(of: "tls"), pointer: tls.pointer)
        case (_, _, nil): break
        }
        return upstream
    }

    private func decodeServers(_ list: Cursor?) -> [UpstreamServerConfiguration] {
        let elements = list?.elements ?? []
        if elements.count > 1 {
            problems.report("several servers are not supported yet", as: .notSupported, at: elements[1])
        }
        var scheme: URLScheme?
        return elements.compactMap { element in
            guard let text = element.string ?? element["url"]?.string, var server = try? ServerURLText.parse(text)
            else {
                return nil
            }
            if let scheme, scheme != server.scheme {
                problems.report(
                    "the servers of an upstream have all \"http\" URLs or all \"https\" URLs", as: .contradiction,
                    at: element)
            }
            scheme = scheme ?? server.scheme
            server.address = files.paths.resolve(server.address)
            if let admin, server.address.leads(to: admin.address) {
                problems.report(
                    "this is the socket for operators, which clients must not reach through the gateway",
                    as: .exposedAdmin, at: element)
            }
            return server
        }
    }
}
