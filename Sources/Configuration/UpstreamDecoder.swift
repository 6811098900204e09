/// Decodes upstreams, those with a name and those inside routes.
struct UpstreamDecoder {
    let problems: ProblemCollector
    let paths: PathBase
    /// The socket for operators, which no request of a client may reach.
    let admin: AdminConfiguration?

    func decode(_ map: Cursor?) -> [UpstreamConfiguration] {
        (map?.members ?? []).map { decode($0.value, name: $0.name) }
    }

    func decode(_ cursor: Cursor, name: String) -> UpstreamConfiguration {
        let elements = cursor["servers"]?.elements ?? []
        if elements.count > 1 {
            problems.report("several servers are not supported yet", as: .notSupported, at: elements[1])
        }
        let servers = elements.compactMap { element -> UpstreamServerConfiguration? in
            guard let text = element.string ?? element["url"]?.string, var server = try? ServerURLText.parse(text)
            else {
                return nil
            }
            server.address = paths.resolve(server.address)
            if let admin, server.address.leads(to: admin.address) {
                problems.report(
                    "this is the socket for operators, which clients must not reach through the gateway",
                    as: .exposedAdmin, at: element)
            }
            return server
        }
        return UpstreamConfiguration(
            name: name, servers: servers, ignoresCase: cursor["case_insensitive_paths"]?.boolean ?? false,
            ignoresTrailingSlash: cursor["ignores_trailing_slash"]?.boolean ?? false)
    }
}
