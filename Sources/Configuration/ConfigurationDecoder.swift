import StrictJSON

/// Turns a checked file into a configuration, and checks what its shape cannot: names, files, and how parts fit together.
///
/// It goes through to the end even if something is wrong, so that all problems are found; what it returns then is not used.
struct ConfigurationDecoder {
    let files: NamedFiles

    private var problems: ProblemCollector { files.problems }

    func decode(_ root: Cursor, hash: String) -> GatewayConfiguration {
        let limits = decodeLimits(root["limits"])
        let listenerDecoder = ListenerDecoder(files: files)
        let listeners = listenerDecoder.decode(root["listeners"])
        let admin = listenerDecoder.decodeAdmin(root["admin"], listeners: listeners)
        let names = KnownNames(
            scopes: knownNames("scopes", in: root), roles: knownNames("roles", in: root),
            issuers: issuerNames(in: root), upstreams: knownNames("upstreams", in: root))
        let policy = PolicyDecoder(problems: problems)
        let scopes = policy.decodeScopes(root["scopes"])
        let roles = policy.decodeRoles(root["roles"], scopes: names.scopes)
        let issuers = IssuerDecoder(files: files, names: names).decode(root["issuers"])
        let apiKeys = APIKeyDecoder(problems: problems, scopes: names.scopes, roles: names.roles)
            .decode(root["api_keys"])
        let tokenLocations = TokenLocationDecoder(problems: problems, apiKeyHeader: apiKeys?.header)
            .decode(root["token_locations"])
        let upstreamDecoder = UpstreamDecoder(files: files, admin: admin)
        let upstreams = upstreamDecoder.decode(root["upstreams"])
        let routes = RouteDecoder(
            problems: problems, names: names, upstreams: upstreams, upstreamDecoder: upstreamDecoder, limits: limits,
            fields: RouteFieldDecoder(
                problems: problems,
                credentialFields: [(apiKeys?.header, "api_keys"), (tokenLocations.header, "token_locations")]),
            introspected: IntrospectedIssuers(in: root, problems)
        ).decode(root)
        let allUpstreams = upstreams + routes.inlineUpstreams
        SharedServers(problems: problems).check(root, upstreams: allUpstreams)
        return GatewayConfiguration(
            hash: hash, listeners: listeners, admin: admin, workers: root["workers"]?.integer, scopes: scopes,
            roles: roles, grant: root["grant"]?.choice(ScopeGrant.self) ?? .union, issuers: issuers,
            apiKeys: apiKeys,
            tokenLocations: tokenLocations, upstreams: allUpstreams, routes: routes.routes,
            refusals: decodeRefusals(root["refusals"]), accessLog: decodeAccessLog(root["access_log"]),
            stateDirectory: root["state_directory"]?.string.map(files.paths.resolve),
            revocations: RevocationDecoder(files: files).decode(root["revocations"]), limits: limits,
            forwarding: ForwardingConfiguration(writesVia: root["forwarding"]?["via"]?.boolean ?? true))
    }

    /// The names under a key of the file; where these cannot be read, any name is taken for known.
    private func knownNames(_ key: String, in root: Cursor) -> NameList {
        let map = root[key]
        let isReadable = map.map { $0.node.object != nil } ?? !problems.isMistyped([key], in: root)
        return NameList(map?.members.map(\.name) ?? [], isComplete: isReadable)
    }

    /// What routes may name as issuers.
    private func issuerNames(in root: Cursor) -> NameList {
        let issuers = knownNames("issuers", in: root)
        if root["api_keys"] == nil { return issuers }
        for member in root["issuers"]?.members ?? [] where member.name == APIKeysConfiguration.issuerName {
            problems.report(
                "\"api_keys\" names API keys where routes name issuers", as: .usedTwice, at: member.nameRange,
                pointer: member.value.pointer)
        }
        return issuers.adding(APIKeysConfiguration.issuerName)
    }

    private func decodeRefusals(_ cursor: Cursor?) -> RefusalConfiguration {
        var refusals = RefusalConfiguration()
        if let status = cursor?["insufficient_scope_status"]?.integer { refusals.insufficientScopeStatus = status }
        if let status = cursor?["unmatched_status"]?.integer { refusals.unmatchedStatus = status }
        if let realm = cursor?["realm"]?.string { refusals.realm = realm }
        return refusals
    }

    private func decodeAccessLog(_ cursor: Cursor?) -> AccessLogConfiguration {
        var log = AccessLogConfiguration()
        if let path = cursor?["output"]?["file"]?.string {
            log.output = .file(files.paths.resolve(path))
        } else if cursor?["output"]?.string == "stderr" {
            log.output = .standardError
        }
        if let format = cursor?["format"]?.choice(AccessLogConfiguration.Format.self) { log.format = format }
        if let overflow = cursor?["on_overflow"]?.choice(AccessLogConfiguration.Overflow.self) {
            log.onOverflow = overflow
        }
        if let addresses = cursor?["addresses"]?.choice(AccessLogConfiguration.Disclosure.self) {
            log.addresses = addresses
        }
        if let subject = cursor?["sub"]?.choice(AccessLogConfiguration.Disclosure.self) { log.subject = subject }
        return log
    }

    private func decodeLimits(_ cursor: Cursor?) -> LimitsConfiguration {
        var limits = LimitsConfiguration()
        guard let cursor else { return limits }
        func set<Value>(_ path: WritableKeyPath<LimitsConfiguration, Value>, _ value: Value?) {
            if let value { limits[keyPath: path] = value }
        }
        set(\.requestLine, cursor["request_line"]?.size)
        set(\.headerSection, cursor["header_section"]?.size)
        set(\.headerFields, cursor["header_fields"]?.integer)
        set(\.token, cursor["token"]?.size)
        limits.maximumBody = cursor["max_body"]?.size
        set(\.bodyRate, cursor["body_rate"]?.size)
        set(\.headTimeout, cursor["head_timeout"]?.duration)
        set(\.handshakeTimeout, cursor["handshake_timeout"]?.duration)
        set(\.idleTimeout, cursor["idle_timeout"]?.duration)
        set(\.streamIdleTimeout, cursor["stream_idle_timeout"]?.duration)
        set(\.connectTimeout, cursor["connect_timeout"]?.duration)
        set(\.timeout, cursor["timeout"]?.duration)
        set(\.upstreamIdleTimeout, cursor["upstream_idle_timeout"]?.duration)
        set(\.drainTimeout, cursor["drain_timeout"]?.duration)
        set(\.connections, cursor["connections"]?.integer)
        set(\.upstreamConnections, cursor["upstream_connections"]?.integer)
        set(\.http2Streams, cursor["http2_streams"]?.integer)
        set(\.tokenCache, cursor["token_cache"]?.integer)
        return limits
    }
}

/// The names that routes may refer to.
struct KnownNames {
    let scopes: NameList
    let roles: NameList
    let issuers: NameList
    let upstreams: NameList
}

/// Names that are compared byte by byte, as tokens carry them.
struct NameList {
    let names: [String]
    private let exact: Set<ExactText>
    private let isComplete: Bool

    /// - Parameters:
    ///   - names: the names.
    ///   - isComplete: whether other names are wrong; if not, all are taken for known.
    init(_ names: [String], isComplete: Bool = true) {
        self.names = names
        self.isComplete = isComplete
        exact = Set(names.map { ExactText($0) })
    }

    /// The same names and one more.
    func adding(_ name: String) -> NameList { NameList(names + [name], isComplete: isComplete) }

    func contains(_ name: String) -> Bool { !isComplete || exact.contains(ExactText(name)) }
}

extension ProblemCollector {
    /// Reports a name that is not in its list.
    ///
    /// - Parameters:
    ///   - cursor: the name.
    ///   - names: what it may be.
    ///   - kind: what it names, for instance `scope`.
    ///   - key: where in the file these are listed.
    func requireKnown(_ cursor: Cursor, in names: NameList, kind: String, key: String) {
        guard let name = cursor.string, !name.isEmpty, !names.contains(name) else { return }
        report(
            "the \(kind) \"\(name)\" is not in \"\(key)\"", as: .unknownName, at: cursor,
            suggestion: nearestWord(to: name, among: names.names))
    }
}
