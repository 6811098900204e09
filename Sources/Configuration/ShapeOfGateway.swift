extension Shape {
    /// The whole file.
    static let gateway = Shape.object(
        ObjectShape([
            Key("version", .oneOfIntegers([1]), .required, "The version of this format."),
            Key("listeners", .list(listener), .required, "The sockets that clients connect to."),
            Key("admin", admin, "The socket for operators; none by default."),
            Key("workers", .integer(1...1024), "How many threads serve requests; one per core by default."),
            Key("scopes", .map(.string(.anyText), names: .scope), "Every scope in use, with a description."),
            Key("roles", .map(role, names: .text), "Names for scopes that tokens may carry instead of them."),
            Key("grant", grant, default: "union", "How a token's scopes and those of its roles come together."),
            Key("issuers", .map(issuer, names: .name), "Who issues the tokens that are good here."),
            Key("api_keys", apiKeys, "Credentials of machines, hashed."),
            Key("token_locations", tokenLocations, "Where tokens may stand besides Authorization."),
            Key("upstreams", .map(upstream, names: .name), "The services that requests are forwarded to."),
            Key("route_defaults", routeDefaults, "Keys for every route that does not set them."),
            Key("routes", .list(route), .required, "Which requests pass, and whose."),
            Key("refusals", refusals, "How requests are refused."),
            Key("access_log", accessLog, "How requests are logged."),
            Key("limits", limits, "The bounds of everything that can grow or wait."),
            Key("forwarding", forwarding, "What is added to forwarded messages."),
            Key("state_directory", .string(.file), "Where what must survive a restart is kept; nowhere by default."),
            Key("revocations", revocationSource, "Which tokens are not good any more."),
        ]))

    private static let listener = Shape.object(
        ObjectShape([
            Key("address", .string(.address), .required, "host:port, [v6]:port or unix:/path; port 0 is any free one."),
            Key("tls", listenerTLS, "Certificates, and whether clients must show one; cleartext without it."),
            Key("http2", .boolean, default: "true", "Whether HTTP/2 is spoken with clients that ask for it."),
            Key(
                "external_url", .string(.externalURL),
                "How clients name this listener: https://host or http://host:port."),
            Key(
                "trusted_proxies", .list(.string(.proxy)),
                "Whose forwarding fields are believed: addresses, ranges such as 10.0.0.0/8, or unix:."),
            Key(
                "proxy_protocol", .boolean, default: "false",
                "Whether connections from trusted proxies begin with a PROXY protocol header."),
            Key(
                "underscore_fields", .word(UnderscoreFields.allCases.map(\.rawValue)), default: "drop",
                "What happens to fields with an underscore in their name."),
            Key("livez", .boolean, default: "false", "Whether the gateway answers /livez here, for load balancers."),
            Key(
                "resource_metadata", .boolean, where: .with([["external_url"]]), default: "true",
                "Whether clients find here who issues tokens (RFC 9728)."),
        ]))

    private static let admin = Shape.object(
        ObjectShape([
            Key("address", .string(.address), .required, "A loopback host:port or unix:/path.")
        ]))

    /// How scopes of the token and of its roles come together.
    static let grant = Shape.word(ScopeGrant.allCases.map(\.rawValue))

    private static let role = Shape.object(
        ObjectShape([
            Key("includes", .list(.string(.text)), "Roles that whoever has this role has, too."),
            Key("scopes", .list(.string(.scope)), "Scopes that the role grants."),
        ]))

    private static let tokenLocations = Shape.object(
        ObjectShape([
            Key("header", .string(.ownFieldName), "A field that may hold the token instead; none by default."),
            Key("cookie", .string(.cookieName), "A cookie that may hold the token instead; none by default."),
            Key(
                "websocket_protocol", .string(.subprotocol),
                "The subprotocol behind which a WebSocket's handshake may offer the token; none by default."),
        ]))

    private static let revocationSource = Shape.object(
        ObjectShape([Key("file", .string(.file), .required, "The file that lists them.")]))

    /// One upstream, named or inside a route.
    static let upstream = Shape.object(
        ObjectShape([
            Key("servers", .list(.either([.string(.serverURL), server])), .required, "The servers; one for now."),
            Key("case_insensitive_paths", .boolean, default: "false", "Whether the servers ignore the case of paths."),
            Key("ignores_trailing_slash", .boolean, default: "false", "Whether the servers ignore a trailing slash."),
            Key(
                "protocol", .word(UpstreamProtocol.allCases.map(\.rawValue)), default: "http/1.1",
                "The version of HTTP that is spoken with the servers: h2 with TLS, h2c without."),
            Key("tls", upstreamTLS, "How servers with https URLs prove who they are."),
        ]))

    private static let server = Shape.object(
        ObjectShape([
            Key(
                "url", .string(.serverURL), .required, "http://host:port, https://host:port or http://unix:/path."),
            .later("weight", "The server's share of the requests."),
        ]))

    private static let refusals = Shape.object(
        ObjectShape([
            Key(
                "insufficient_scope_status", .oneOfIntegers([401, 403]), default: "401",
                "The status where a scope or role is missing."),
            Key("unmatched_status", .oneOfIntegers([401, 404]), default: "401", "The status where no route matches."),
            Key("realm", .string(.realm), default: "gateway", "The realm that challenges name."),
        ]))

    private static let accessLog = Shape.object(
        ObjectShape([
            Key(
                "output", .either([.word(["stdout", "stderr"]), logFile]), default: "stdout", "Where lines are written."
            ),
            Key(
                "format", .word(AccessLogConfiguration.Format.allCases.map(\.rawValue), later: ["combined", "text"]),
                default: "json", "The form of a line."),
            Key(
                "on_overflow", .word(AccessLogConfiguration.Overflow.allCases.map(\.rawValue)), default: "drop",
                "What happens to lines that the output does not take in time."),
            Key(
                "sub", .word(AccessLogConfiguration.Disclosure.allCases.map(\.rawValue)), default: "plain",
                "How the subject is written."),
            Key(
                "addresses", .word(AccessLogConfiguration.Disclosure.allCases.map(\.rawValue)), default: "plain",
                "How the addresses of clients are written."),
        ]))

    private static let logFile = Shape.object(
        ObjectShape([Key("file", .string(.file), .required, "The file that lines are appended to.")]))

    private static let forwarding = Shape.object(
        ObjectShape([Key("via", .boolean, default: "true", "Whether Via is added (RFC 9110 §7.6.3).")]))
}
