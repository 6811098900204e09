import Authentication
import Authorization
import Bytes
import Configuration
import HTTP
import IdentityProviders
import JOSE
import Revocation
import Routing

/// Decides requests: which route, who asks, may they. The one evaluator of the product; it has no sockets and no clock.
///
/// One per worker, built from the configuration's values, so that workers share no reference counts.
final class Evaluator {
    /// In the order of the configuration.
    let routes: [GatewayRoute]
    private let builtInPaths: [(path: [UInt8], entry: BuiltInPath)]
    private let table: RouteTable<Int>
    /// In the order of the configuration's upstreams.
    private let views: [ServerView]
    private let authenticator: Authenticator
    /// What issuers have to be asked for, in the order of the configuration.
    let sources: [TokenSource]
    /// What was taken over last of what is trusted.
    private var trustVersion: Int?
    private let policy: Policy
    /// Where credentials may stand besides `Authorization`; nil for nowhere.
    let places: CredentialPlaces?
    private let scopes: Vocabulary
    private let roles: Vocabulary

    /// - Throws: what the configuration's reader should have found: a fault of ours.
    init(_ configuration: GatewayConfiguration) throws(EvaluatorError) {
        let issuers = Vocabulary(configuration.issuerNames)
        let upstreams = Vocabulary(configuration.upstreams.map(\.name))
        let claims = ToldClaims(configuration.routes.flatMap(\.identityHeaders).compactMap(\.claim))
        routes = configuration.routes.enumerated().map { index, route in
            GatewayRoute(
                route, index: index, issuers: issuers, upstreams: upstreams, claims: claims, in: configuration)
        }
        builtInPaths = configuration.builtInPaths.map { (Array($0.path.utf8), $0) }
        scopes = Vocabulary(configuration.scopes.map(\.name))
        roles = Vocabulary(configuration.roles.map(\.name))
        places = CredentialPlaces(configuration)
        let entries = configuration.routes.enumerated().map { Route($1, target: $0) }
        do throws(RouteConflicts) {
            table = try RouteTable(entries)
            views = try ServerView.views(in: configuration, of: entries, leadingTo: routes.map(\.upstream))
        } catch {
            throw .conflictingRoutes
        }
        sources = configuration.issuers.map { TokenSource($0.keySource) }
        authenticator = Authenticator(
            issuers: zip(configuration.issuers, sources).map { Issuer($0, verification: $1.verification) },
            apiKeys: configuration.apiKeys?.keys.map(APIKey.init) ?? [],
            toldClaims: claims, scopes: scopes, roles: roles,
            cacheCapacity: configuration.limits.tokenCache,
            maximumTokenSize: configuration.limits.token)
        do throws(PolicyError) {
            policy = try Policy(
                scopes: scopes,
                roles: configuration.roles.map {
                    RoleDefinition(name: $0.name, includes: $0.includes, scopes: $0.scopes)
                },
                grant: Grant(configuration.grant),
                issuerGrants: configuration.issuers.map { $0.grant.map(Grant.init) }
                    + [configuration.apiKeys?.grant.map(Grant.init)],
                routes: zip(configuration.routes, routes).map { configured, route in
                    ProtectedRoute(
                        access: Access(configured.access), upstream: route.upstream, isShadow: configured.isShadow)
                })
        } catch {
            throw .inconsistentPolicy
        }
    }

    /// Takes over the verified tokens of the evaluator before; those whose issuer's settings have changed are not found.
    func takeOverIdentities(from predecessor: Evaluator) {
        authenticator.adoptCache(of: predecessor.authenticator)
    }

    // MARK: What changes meanwhile

    /// Takes over what has changed in what is trusted; where nothing has, this costs next to nothing.
    ///
    /// - Returns: the version that is followed.
    func follow(_ trust: TrustState) -> Int {
        let version = trust.version
        guard version != trustVersion else { return version }
        trustVersion = version
        for (index, source) in sources.enumerated() {
            guard case .keys(let settings) = source else { continue }
            let fetched = trust.keys.keys(settings)
            authenticator.adopt(fetched?.keys, until: fetched?.end ?? 0, ofIssuerAt: index)
        }
        authenticator.adopt(trust.denylist)
        return version
    }

    /// Refuses from now on what is revoked, where there is no state to follow.
    func revoke(_ denylist: Denylist) { authenticator.adopt(denylist) }

    /// Notes what became of the question for an issuer's keys, so that it is not asked again at once.
    func note(_ answer: KeyAnswer, ofIssuerAt index: Int, now: Int) {
        authenticator.noteKeys(
            isCurrent: answer.isCurrent, nextQuestion: max(answer.nextAttempt, now + 1), ofIssuerAt: index, now: now)
    }

    /// Whether a token that was good has been revoked.
    func isRevoked(_ principal: Principal, now: Int) -> Bool { authenticator.isRevoked(principal, now: now) }

    // MARK: The steps

    /// The built-in path that a request is for, whatever the routes say.
    ///
    /// - Parameters:
    ///   - path: the canonical path.
    ///   - listener: where the request came; nil for any listener.
    /// - Returns: nil if it is for none.
    func builtInPath(_ path: Span<UInt8>, on listener: ListenerSettings?) -> BuiltInPath? {
        for (candidate, entry) in builtInPaths where listener?.answers(entry) ?? true {
            if path.equals(candidate.span) || entry.includesPathsBelow && path.isBelow(candidate.span) { return entry }
        }
        return nil
    }

    /// The positions of the routes that own a path, each for other methods; what other readings there are makes no difference.
    func owners(of path: Span<UInt8>, on host: Span<UInt8>) -> [Int] {
        // No route has this method, so that the answer is the methods that there are.
        guard case .methodNotAllowed(let methods) = table.match(host: host, path: path, method: .connect) else {
            return []
        }
        return methods.compactMap { method in
            if case .found(let index) = table.match(host: host, path: path, method: method) { index } else { nil }
        }
    }

    /// All scopes, in file order, that somebody has whose token carries these scopes and roles.
    func scopes(heldBy holder: SupposedHolder, among scopes: Vocabulary) -> [String] {
        scopes.names(in: policy.scopes(heldBy: holder))
    }

    /// Finds the route that owns the request.
    ///
    /// - Throws: `.noRoute`, `.methodNotAllowed`, or `.ambiguousPath` where another reading of the path leads elsewhere.
    func match(_ request: borrowing Request, tracing trace: DecisionTrace? = nil) throws(Refusal) -> GatewayRoute {
        let found = table.match(host: request.host.name, path: request.target.path.span, method: request.method)
        if let trace { trace.match = found }
        if !request.target.forms.isEmpty { try checkReadings(of: request, found, trace) }
        switch found {
        case .found(let index):
            if let folded = views[routes[index].upstream].folded {
                try checkReadings(of: request, on: routes[index], in: folded, trace)
            }
            return routes[index]
        case .methodNotAllowed(let methods): throw .methodNotAllowed(methods)
        case .none: throw .noRoute
        }
    }

    /// Makes sure that every reading of the path that a server may make finds what the canonical path found
    /// (security.md, rule 1), unless the route vouches for its upstream.
    private func checkReadings(
        of request: borrowing Request, _ found: RouteMatch<Int>, _ trace: DecisionTrace?
    ) throws(Refusal) {
        let allowed: PathForms = if case .found(let index) = found { routes[index].allowedForms } else { [] }
        if request.target.forms.contains(.invalidUTF8) && !allowed.contains(.invalidUTF8) { throw .ambiguousPath }
        for reading in request.target.readings() where reading.dependsOn.isDisjoint(with: allowed) {
            // Who reads the path so, means what the gateway answers itself.
            guard builtInPath(reading.path.span, on: nil) == nil else { throw .ambiguousPath }
            let other = table.match(host: request.host.name, path: reading.path.span, method: request.method)
            let isSame = other.isSame(as: found)
            trace?.readings.append(.init(path: reading.path, match: other, isGood: isSame))
            guard isSame else { throw .ambiguousPath }
        }
    }

    /// The same for an upstream whose servers take several paths for the same.
    private func checkReadings(
        of request: borrowing Request, on route: GatewayRoute, in table: FoldedRouteTable<Int>, _ trace: DecisionTrace?
    ) throws(Refusal) {
        let target = request.target
        guard !target.forms.isEmpty || table.distinguishes(target.path) else { return }
        for path in Self.paths(target.path, target.forms, on: route) {
            let other = table.match(host: request.host.name, path: path, method: request.method)
            let isSame = if case .found(route.index) = other { true } else { false }
            trace?.readings.append(.init(path: path, match: other, isGood: isSame))
            guard isSame else { throw .ambiguousPath }
        }
    }

    /// The path, and what servers may take it for that the route does not vouch for.
    private static func paths(_ path: [UInt8], _ forms: PathForms, on route: GatewayRoute) -> [[UInt8]] {
        guard !forms.isEmpty else { return [path] }
        let readings = PathReading.all(of: path, forms: forms)
        return [path] + readings.filter { $0.dependsOn.isDisjoint(with: route.allowedForms) }.map(\.path)
    }

    /// Finds out who asks; nil on a public route, where no credential is looked at.
    ///
    /// - Parameters:
    ///   - request: the request, of which `Authorization` and the places of the configuration are looked at.
    ///   - route: which issuers' tokens are good.
    ///   - listener: where the request came.
    ///   - now: seconds since 1970.
    ///   - status: what the issuer says of the token, where that was asked for.
    ///   - trace: receives what is found out about the token.
    /// - Returns: the credential's holder, or nil.
    /// - Throws: `.noToken`, `.unusableToken` or `.ambiguousCredentials`.
    func authenticate(
        _ request: borrowing Request, on route: GatewayRoute, at listener: ListenerSettings, now: Int,
        knowing status: TokenStatus? = nil, tracing trace: DecisionTrace? = nil
    ) throws(Refusal) -> Principal? {
        guard !route.isPublic else { return nil }
        if let places, let credential = try places.credential(in: request, on: route, at: listener) {
            switch credential {
            case .apiKey(let line):
                return try authenticate(apiKey: request.fields.value(at: line), on: route, now: now)
            case .token(let line, let range):
                let token = request.fields.value(at: line).extracting(range)
                guard !token.isEmpty, token.firstIndex(of: UInt8(ascii: " ")) == nil else {
                    throw .unusableToken(.malformed(.parts))
                }
                return try authenticate(token, on: route, now: now, knowing: status, tracing: trace)
            case .offered(let token):
                return try authenticate(token.span, on: route, now: now, knowing: status, tracing: trace)
            }
        }
        guard let value = request.fields.value(of: .authorization) else { throw .noToken }
        switch BearerCredential(value) {
        case .none: throw .noToken
        case .malformed: throw .unusableToken(.malformed(.parts))
        case .token(let range):
            return try authenticate(value.extracting(range), on: route, now: now, knowing: status, tracing: trace)
        }
    }

    private func authenticate(apiKey: Span<UInt8>, on route: GatewayRoute, now: Int) throws(Refusal) -> Principal {
        do throws(TokenError) {
            return try authenticator.authenticate(apiKey: apiKey, acceptedIssuers: route.issuers, now: now)
        } catch {
            throw .unusableToken(error)
        }
    }

    private func authenticate(
        _ token: Span<UInt8>, on route: GatewayRoute, now: Int, knowing status: TokenStatus?,
        tracing trace: DecisionTrace?
    ) throws(Refusal) -> Principal {
        do throws(TokenError) {
            return try authenticator.authenticate(
                token: token, acceptedIssuers: route.issuers, now: now, status: status, examination: trace?.token)
        } catch {
            throw .unusableToken(error)
        }
    }

    /// Until when the principal's streams may go on along a route, in seconds since 1970: until a new request with the same
    /// token would be refused. Nil for ever.
    func end(ofStreamsOf principal: Principal, along route: GatewayRoute) -> Int? {
        route.outlivesToken ? nil : authenticator.end(of: principal)
    }

    /// Appends the fields that tell the upstream of a route who makes a request.
    func appendIdentity(of principal: Principal, along route: GatewayRoute, to output: inout [UInt8]) {
        route.identityHeaders.append(
            principal,
            scopes: {
                scopes.names.indices.filter { policy.counts(scope: $0, of: principal) }.map { scopes.names[$0] }
            },
            roles: { roles.names.indices.filter { policy.counts(role: $0, of: principal) }.map { roles.names[$0] } },
            to: &output)
    }

    /// The route that says which pages of other origins may send what a preflight asks about; nil if the request is no
    /// preflight, or that route says nothing of it: then it is a request like any other.
    ///
    /// To be told what could be sent permits nothing, so that other readings of the path are not looked at here.
    func preflightRoute(of request: borrowing Request) -> (route: GatewayRoute, method: Method)? {
        guard let method = CrossOriginRules.methodAskedAbout(in: request),
            case .found(let index) = table.match(
                host: request.host.name, path: request.target.path.span, method: method),
            routes[index].crossOrigin != nil
        else { return nil }
        return (routes[index], method)
    }

    /// Finds out whose token it is, whatever the route.
    ///
    /// - Throws: `TokenError`: why the token is not good here and now.
    func identify(_ token: Span<UInt8>, now: Int) throws(TokenError) -> Principal {
        try authenticator.authenticate(token: token, now: now)
    }

    /// Decides whether the principal may use the route.
    ///
    /// - Throws: `.denied`.
    func authorize(_ principal: Principal?, on route: GatewayRoute) throws(Refusal) -> Permit {
        do throws(Denial) {
            return try policy.permit(route: route.index, principal: principal)
        } catch {
            throw .denied(error)
        }
    }

    /// Rewrites the path of a permitted request as its route says, and makes sure that this opens nothing: if the new path
    /// is that of another route to the same server, under whatever host, that one must permit the principal, too, and let
    /// through no less of the request (security.md, rule 3).
    ///
    /// That the present route is a shadow route makes no difference: it says nothing about the others.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - route: the route that it was permitted on.
    ///   - principal: who asks; nil if nobody is authenticated.
    ///   - trace: receives what the rewritten path finds.
    /// - Returns: the path for the upstream, or nil if it is the request's.
    /// - Throws: `.rewriteConflict`.
    func rewrite(
        _ request: borrowing Request, along route: GatewayRoute, for principal: Principal?,
        tracing trace: DecisionTrace? = nil
    ) throws(Refusal) -> [UInt8]? {
        guard let rewrite = route.rewrite else { return nil }
        guard let (rewritten, forms) = rewrite.apply(to: request.target.path) else { throw .rewriteConflict }
        for path in Self.paths(rewritten, forms, on: route) {
            guard !path.starts(with: "//".utf8) else { throw .rewriteConflict }
            let opensNothing = views[route.upstream].everyOwner(of: path, request.method) { other in
                let isGood =
                    switch other {
                    case .none: true
                    case .found(let index):
                        index == route.index
                            || wouldPermit(principal, on: routes[index])
                                && wouldForwardAll(of: request, along: route, on: routes[index])
                    case .methodNotAllowed: false
                    }
                trace?.rewrites.append(.init(path: path, match: other, isGood: isGood))
                return isGood
            }
            guard opensNothing else { throw .rewriteConflict }
        }
        return rewritten
    }

    private func wouldForwardAll(
        of request: borrowing Request, along route: GatewayRoute, on other: GatewayRoute
    ) -> Bool {
        let mayHoldCredential =
            !route.isPublic || request.fields.contains(.authorization) || places?.mayHoldCredential(request) ?? false
        return other.wouldForwardAll(of: request, withCredential: mayHoldCredential, along: route)
    }

    private func wouldPermit(_ principal: Principal?, on route: GatewayRoute) -> Bool {
        if let principal, let issuers = route.issuers, !issuers.contains(principal.issuerIndex) { return false }
        return policy.denial(route: route.index, of: principal) == nil
    }

    /// The permit that a shadow route gives whatever was decided; nil on any other route.
    func shadowPermit(on route: GatewayRoute) -> Permit? {
        policy.shadowPermit(route: route.index)
    }

    /// Whether the principal has the scope at a position of the configuration's catalogue.
    func holds(scope position: Int, by principal: Principal) -> Bool {
        policy.holds(scope: position, by: principal)
    }

    /// What somebody with a token of these scopes and roles lacks on the route; nil if nothing.
    func denial(of holder: SupposedHolder, on route: GatewayRoute) -> Denial? {
        policy.denial(route: route.index, of: holder)
    }

    /// The scopes that a challenge on the route names, in file order.
    func challengeScopes(on route: GatewayRoute) -> [String] {
        policy.challengeScopes(route: route.index)
    }
}

extension Span<UInt8> {
    /// Whether these bytes are those of another path, and more behind a slash.
    fileprivate func isBelow(_ path: Span<UInt8>) -> Bool {
        count > path.count && self[path.count] == UInt8(ascii: "/") && extracting(..<path.count).equals(path)
    }
}

/// Why no evaluator can be made of a configuration that was read without errors.
package enum EvaluatorError: Error {
    case conflictingRoutes, inconsistentPolicy
}

extension Route<Int> {
    /// A route of the configuration as a table takes it.
    init(_ configuration: RouteConfiguration, target: Int) {
        self.init(
            host: configuration.host, pattern: configuration.pattern,
            ignoresTrailingSlash: configuration.ignoresTrailingSlash, methods: configuration.methods, target: target)
    }
}

extension RouteMatch<Int> {
    fileprivate func isSame(as other: RouteMatch<Int>) -> Bool {
        switch (self, other) {
        case (.found(let left), .found(let right)): left == right
        case (.methodNotAllowed, .methodNotAllowed), (.none, .none): true
        default: false
        }
    }
}

extension Issuer {
    fileprivate init(_ configuration: IssuerConfiguration, verification: TokenVerification) {
        let audience: [String]? = if case .oneOf(let names) = configuration.audience { names } else { nil }
        self.init(
            name: configuration.name, issuer: configuration.issuer, audience: audience,
            algorithms: AlgorithmSet(configuration.algorithms), keys: configuration.keys)
        claims.scopes = configuration.claims.scopes
        claims.roles = configuration.claims.roles
        claims.subject = configuration.claims.subject
        claims.client = configuration.claims.client
        requiredClaims = configuration.requiredClaims
        clockSkew = Int(configuration.clockSkew.components.seconds)
        maximumLifetime = configuration.maximumLifetime.map { Int($0.components.seconds) }
        requiresExpiry = configuration.requiresExpiry
        tokenType = configuration.tokenType
        self.verification = verification
    }
}

extension APIKey {
    fileprivate init(_ configuration: APIKeyConfiguration) {
        self.init(
            name: configuration.name, hash: configuration.hash, scopes: configuration.scopes,
            roles: configuration.roles,
            expiry: configuration.expiry)
    }
}

extension Grant {
    init(_ grant: ScopeGrant) {
        switch grant {
        case .union: self = .union
        case .token: self = .token
        case .roles: self = .roles
        case .intersection: self = .intersection
        }
    }
}

extension Access {
    fileprivate init(_ access: AccessConfiguration) {
        switch access {
        case .everyone: self = .public
        case .authenticated: self = .authenticated
        case .restricted(let requirement):
            self = .restricted(
                Requirement(
                    scopes: requirement.scopes, anyScopes: requirement.anyScopes, roles: requirement.roles))
        }
    }
}
