import HTTP
import Routing
import StrictJSON

/// Decodes routes, completes them by `route_defaults`, and checks that they do not clash.
struct RouteDecoder {
    let problems: ProblemCollector
    let names: KnownNames
    let upstreams: [UpstreamConfiguration]
    let upstreamDecoder: UpstreamDecoder
    let limits: LimitsConfiguration
    let fields: RouteFieldDecoder
    let introspected: IntrospectedIssuers

    /// The routes, and the upstreams that are written inside them.
    struct Result {
        var routes: [RouteConfiguration] = []
        var inlineUpstreams: [UpstreamConfiguration] = []
        /// Where the path of each route stands.
        fileprivate var places: [Cursor] = []
        /// The routes whose host and methods are valid, so that they can be compared.
        fileprivate var comparable: [Int] = []
    }

    func decode(_ root: Cursor) -> Result {
        var result = Result()
        let defaults = root["route_defaults"]
        if let defaults {
            checkSettings(defaults)
            if let inline = inlineUpstream(defaults, name: "route_defaults") { result.inlineUpstreams.append(inline) }
        }
        var lines: [String: Int] = [:]
        var needsIssuer: Cursor?
        var takesAnyIssuer: Cursor?
        let builtIn = WrittenBuiltInPaths(in: root, problems)
        builtIn.reportClashes()
        for cursor in root["routes"]?.elements ?? [] {
            guard cursor.node.object != nil else { continue }
            checkSettings(cursor)
            checkIdentity(cursor, &lines)
            let settings = RouteSettings(own: cursor, defaults: defaults)
            checkCompleted(settings)
            builtIn.reportClash(with: settings)
            decode(settings, into: &result)
            guard let access = settings.access, access != .everyone else { continue }
            needsIssuer = needsIssuer ?? cursor
            if settings["issuers"] == nil { takesAnyIssuer = takesAnyIssuer ?? cursor }
        }
        if let takesAnyIssuer { introspected.reportSeveral(on: takesAnyIssuer) }
        reportConflicts(result)
        if let needsIssuer, root["issuers"] == nil, root["api_keys"] == nil,
            !problems.isMistyped(["issuers", "api_keys"], in: root)
        {
            problems.report(
                "only holders of a token may use this route, but there are no \"issuers\"",
                as: .missingKey, at: openingBrace(needsIssuer), pointer: needsIssuer.pointer)
        }
        return result
    }

    private func decode(_ settings: RouteSettings, into result: inout Result) {
        let id = settings.own["id"]?.string ?? ""
        var upstream = settings["upstream"]?.string ?? "route_defaults"
        if let inline = inlineUpstream(settings.own, name: "routes/\(id)") {
            result.inlineUpstreams.append(inline)
            upstream = inline.name
        }
        guard let path = settings.own["path"], let text = path.string, let pattern = try? RoutePattern(text) else {
            return
        }
        let start = settings.own.node.range.lowerBound
        if settings.isComparable { result.comparable.append(result.routes.count) }
        result.places.append(path)
        result.routes.append(
            RouteConfiguration(
                id: id, line: problems.source.line(at: start), column: problems.source.column(at: start),
                pattern: pattern,
                ignoresTrailingSlash: settings["trailing_slash"]?.string == "either", host: settings.host,
                methods: settings.methods(of: pattern),
                access: settings.access ?? .restricted(RequirementConfiguration()),
                issuers: settings["issuers"]?.strings, upstream: upstream,
                rewrite: settings.rewrite, timeout: settings["timeout"]?.duration ?? limits.timeout,
                idleTimeout: settings["idle_timeout"]?.duration ?? limits.idleTimeout,
                streamIdleTimeout: settings["stream_idle_timeout"]?.duration ?? limits.streamIdleTimeout,
                outlivesToken: settings["outlive_token"]?.boolean ?? false,
                maximumBody: settings["max_body"] == nil ? limits.maximumBody : settings["max_body"]?.size,
                allow: Set((settings["allow"]?.strings ?? []).compactMap { AllowedForm(rawValue: $0) }),
                passesAuthorization: settings["authorization_header"]?.string != "strip",
                upstreamHost: settings.upstreamHost,
                identityHeaders: settings.isPublic ? [] : fields.identityHeaders(settings["identity_headers"]),
                crossOrigin: fields.crossOrigin(settings["cors"]), isShadow: settings["shadow"]?.boolean ?? false))
    }

    private func inlineUpstream(_ cursor: Cursor, name: String) -> UpstreamConfiguration? {
        guard let upstream = cursor["upstream"], upstream.node.object != nil else { return nil }
        return upstreamDecoder.decode(upstream, name: name)
    }

    /// Checks the keys that a route shares with `route_defaults`.
    private func checkSettings(_ cursor: Cursor) {
        AccessFields.reportContradictions(in: cursor, to: problems)
        let scopes = (cursor["scopes"]?.elements ?? []) + (cursor["any_scopes"]?.elements.flatMap(\.elements) ?? [])
        for scope in scopes { problems.requireKnown(scope, in: names.scopes, kind: "scope", key: "scopes") }
        for role in cursor["roles"]?.elements ?? [] {
            problems.requireKnown(role, in: names.roles, kind: "role", key: "roles")
        }
        for issuer in cursor["issuers"]?.elements ?? [] {
            problems.requireKnown(issuer, in: names.issuers, kind: "issuer", key: "issuers")
        }
        introspected.reportSeveral(in: cursor["issuers"])
        if let upstream = cursor["upstream"] {
            problems.requireKnown(upstream, in: names.upstreams, kind: "upstream", key: "upstreams")
        }
        fields.checkIdentityHeaders(cursor["identity_headers"])
        fields.checkCrossOrigin(cursor["cors"])
        guard cursor["public"] != nil else { return }
        for name in AccessFields.meaninglessInPublic {
            guard let value = cursor[name] else { continue }
            problems.report(
                "\"\(name)\" has no meaning beside \"public\": no token is looked at", as: .contradiction,
                at: cursor.nameRange(of: name), pointer: value.pointer)
        }
    }

    private func checkIdentity(_ cursor: Cursor, _ lines: inout [String: Int]) {
        guard let id = cursor["id"], let text = id.string, !text.isEmpty else { return }
        if let line = lines[text] {
            problems.report("the route on line \(line) has the id \"\(text)\", too", as: .usedTwice, at: id)
        } else {
            lines[text] = problems.line(of: id)
        }
    }

    /// Checks what a route must have, itself or by default.
    private func checkCompleted(_ settings: RouteSettings) {
        let own = settings.own
        if settings.access == nil, !problems.isMistyped(AccessFields.keys, in: own) {
            problems.report(
                "it is not said who may use this route: add \"public\": true, \"authenticated\": true, \"scopes\", "
                    + "\"any_scopes\" or \"roles\"",
                as: .unclearAccess, at: openingBrace(own), pointer: own.pointer)
        }
        if settings["upstream"] == nil, !problems.isMistyped(["upstream"], in: own) {
            problems.report(
                "\"upstream\" is missing, here and in \"route_defaults\"", as: .missingKey, at: openingBrace(own),
                pointer: own.pointer)
        }
        guard let path = own["path"], let text = path.string else { return }
        checkRewrite(settings, path: path)
        if text == "*", let methods = settings["methods"]?.strings, methods != ["OPTIONS"] {
            problems.report(
                "\"*\" is the target of OPTIONS only: write \"methods\": [\"OPTIONS\"]", as: .contradiction, at: path)
        }
        if text == "*" || text == "/", let slash = own["trailing_slash"], slash.string == "either" {
            problems.report("\"\(text)\" has no form with another trailing slash", as: .contradiction, at: slash)
        }
    }

    private func checkRewrite(_ settings: RouteSettings, path: Cursor) {
        guard let written = settings["rewrite"] else { return }
        if let pair = written["replace_prefix"], let parts = pair.node.array, parts.count != 2 {
            problems.report("\"replace_prefix\" is a list of two: what the path starts with, and what then", at: pair)
        }
        guard let rewrite = settings.rewrite, (try? RewriteConfiguration.checkPrefix(rewrite.prefix)) != nil,
            let text = path.string, let pattern = try? RoutePattern(text),
            !rewrite.fits(pattern)
        else { return }
        problems.report(
            "the paths of this route do not all start with \"\(rewrite.prefix)\", which \"rewrite\" takes away",
            as: .contradiction, at: path)
    }

    private func reportConflicts(_ result: Result) {
        var reported = report(
            conflicts(in: result, among: result.comparable, folding: []), in: result,
            because: "their hosts, paths and methods overlap")
        let upstreams = upstreams + result.inlineUpstreams
        let reached = Dictionary(upstreams.map { ($0.name, $0.destination) }, uniquingKeysWith: { first, _ in first })
        let routes = Dictionary(grouping: result.comparable) { reached[result.routes[$0].upstream] }
        var seen: Set = [Set<SocketAddressConfiguration>()]
        for upstream in upstreams where !upstream.folding.isEmpty && seen.insert(upstream.destination).inserted {
            let pairs = conflicts(in: result, among: routes[upstream.destination] ?? [], folding: upstream.folding)
            reported.formUnion(
                report(
                    pairs.filter { !reported.contains($0) }, in: result,
                    because: "the upstream \"\(upstream.name)\" takes their paths for the same"))
        }
    }

    /// The routes among `numbers` that could be chosen for one request by a server that takes for the same what
    /// `folding` says.
    private func conflicts(
        in result: Result, among numbers: [Int], folding: PathFolding
    ) -> [RouteConflicts.Pair] {
        let routes = numbers.map { number in
            let route = result.routes[number]
            return Route(
                host: route.host, pattern: route.pattern, ignoresTrailingSlash: route.ignoresTrailingSlash,
                methods: route.methods, target: number)
        }
        do throws(RouteConflicts) {
            if folding.isEmpty {
                _ = try RouteTable(routes)
            } else {
                _ = try FoldedRouteTable(routes, folding: folding)
            }
            return []
        } catch {
            return error.pairs.map { RouteConflicts.Pair(first: numbers[$0.first], second: numbers[$0.second]) }
        }
    }

    private func report(
        _ pairs: [RouteConflicts.Pair], in result: Result, because reason: String
    ) -> Set<RouteConflicts.Pair> {
        for pair in pairs {
            let line = problems.line(of: result.places[pair.first])
            problems.report(
                "\"\(result.routes[pair.second].id)\" and \"\(result.routes[pair.first].id)\" (line \(line)) could both "
                    + "be chosen for one request: \(reason)",
                as: .routeConflict, at: result.places[pair.second])
        }
        return Set(pairs)
    }

    private func openingBrace(_ cursor: Cursor) -> Range<Int> {
        cursor.node.range.lowerBound..<(cursor.node.range.lowerBound + 1)
    }
}
