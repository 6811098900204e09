import Authentication
import Authorization
import Bytes
import Configuration
import HTTP
import JOSE
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
    private let views: [UpstreamView]
    private let authenticator: Authenticator
    private let policy: Policy

    /// - Throws: what the configuration's reader should have found: a fault of ours.
    init(_ configuration: GatewayConfiguration) throws(EvaluatorError) {
        let issuers = Vocabulary(configuration.issuers.map(\.name))
        let upstreams = Vocabulary(configuration.upstreams.map(\.name))
        routes = configuration.routes.enumerated().map { index, route in
            GatewayRoute(route, index: index, issuers: issuers, upstreams: upstreams, in: configuration)
        }
        builtInPaths = configuration.builtInPaths.map { (Array($0.path.utf8), $0) }
        let scopes = Vocabulary(configuration.scopes.map(\.name))
        let roles = Vocabulary(configuration.roles.map(\.name))
        let entries = configuration.routes.enumerated().map { index, route in
            Route(
                host: route.host, pattern: route.pattern, ignoresTrailingSlash: route.ignoresTrailingSlash,
                methods: route.methods, target: index)
        }
        let rewriting = Set(configuration.routes.filter { $0.rewrite != nil }.map(\.upstream))
        do throws(RouteConflicts) {
            table = try RouteTable(entries)
            views = try configuration.upstreams.map { upstream throws(RouteConflicts) in
                try UpstreamView(
                    of: upstream, routes: entries, isOwn: { configuration.routes[$0].upstream == upstream.name },
                    rewrites: rewriting.contains(upstream.name))
            }
        } catch {
            throw .conflictingRoutes
        }
        authenticator = Authenticator(
            issuers: configuration.issuers.map(Issuer.init), scopes: scopes, roles: roles,
            cacheCapacity: configuration.limits.tokenCache,
            maximumTokenSize: configuration.limits.token)
        do throws(PolicyError) {
            policy = try Policy(
                scopes: scopes,
                roles: configuration.roles.map {
                    RoleDefinition(name: $0.name, includes: $0.includes, scopes: $0.scopes)
                },
                grant: Grant(configuration.grant),
                issuerGrants: configuration.issuers.map { $0.grant.map(Grant.init) },
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

    // MARK: The steps

    /// The built-in path that a request is for, whatever the routes say.
    ///
    /// - Parameters:
    ///   - path: the canonical path.
    ///   - answersLiveness: whether the listener has `/livez`.
    /// - Returns: nil if it is for none.
    func builtInPath(_ path: Span<UInt8>, answersLiveness: Bool) -> BuiltInPath? {
        for (candidate, entry) in builtInPaths where entry != .liveness || answersLiveness {
            if path.equals(candidate.span) { return entry }
        }
        return nil
    }

    /// All scopes, in file order, that somebody has whose token carries these scopes and roles.
    func scopes(heldBy holder: SupposedHolder, among scopes: Vocabulary) -> [String] {
        scopes.names(in: policy.scopes(heldBy: holder))
    }

    /// Finds the route that owns the request.
    ///
    /// - Throws: `.noRoute`, `.methodNotAllowed`, or `.ambiguousPath` where another reading of the path leads elsewhere.
    func match(_ request: borrowing Request) throws(Refusal) -> GatewayRoute {
        let found = table.match(host: request.host.name, path: request.target.path.span, method: request.method)
        if !request.target.forms.isEmpty { try checkReadings(of: request, found) }
        switch found {
        case .found(let index):
            if let folded = views[routes[index].upstream].folded {
                try checkReadings(of: request, on: routes[index], in: folded)
            }
            return routes[index]
        case .methodNotAllowed(let methods): throw .methodNotAllowed(methods)
        case .none: throw .noRoute
        }
    }

    /// Makes sure that every reading of the path that a server may make finds what the canonical path found
    /// (security.md, rule 1), unless the route vouches for its upstream.
    private func checkReadings(of request: borrowing Request, _ found: RouteMatch<Int>) throws(Refusal) {
        let allowed: PathForms = if case .found(let index) = found { routes[index].allowedForms } else { [] }
        if request.target.forms.contains(.invalidUTF8) && !allowed.contains(.invalidUTF8) { throw .ambiguousPath }
        for reading in request.target.readings() where reading.dependsOn.isDisjoint(with: allowed) {
            // Who reads the path so, means what the gateway answers itself.
            guard builtInPath(reading.path.span, answersLiveness: true) == nil else { throw .ambiguousPath }
            let other = table.match(host: request.host.name, path: reading.path.span, method: request.method)
            guard other.isSame(as: found) else { throw .ambiguousPath }
        }
    }

    /// The same for an upstream whose servers take several paths for the same.
    private func checkReadings(
        of request: borrowing Request, on route: GatewayRoute, in table: FoldedRouteTable<Int>
    ) throws(Refusal) {
        let target = request.target
        guard !target.forms.isEmpty || table.distinguishes(target.path) else { return }
        for path in Self.paths(target.path, target.forms, on: route) {
            guard case .found(route.index) = table.match(host: request.host.name, path: path, method: request.method)
            else { throw .ambiguousPath }
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
    ///   - fields: the header section, of which `Authorization` is looked at.
    ///   - route: which issuers' tokens are good.
    ///   - now: seconds since 1970.
    /// - Returns: the token's holder, or nil.
    /// - Throws: `.noToken` or `.unusableToken`.
    func authenticate(_ fields: borrowing Fields, on route: GatewayRoute, now: Int) throws(Refusal) -> Principal? {
        guard !route.isPublic else { return nil }
        guard let value = fields.value(of: .authorization) else { throw .noToken }
        switch BearerCredential(value) {
        case .none: throw .noToken
        case .malformed: throw .unusableToken(.malformed(.parts))
        case .token(let range):
            do throws(TokenError) {
                return try authenticator.authenticate(
                    token: value.extracting(range), acceptedIssuers: route.issuers, now: now)
            } catch {
                throw .unusableToken(error)
            }
        }
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
    /// is that of another route of the upstream, that one must permit the principal, too (security.md, rule 3).
    ///
    /// That the present route is a shadow route makes no difference: it says nothing about the others.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - route: the route that it was permitted on.
    ///   - principal: who asks; nil if nobody is authenticated.
    /// - Returns: the path for the upstream, or nil if it is the request's.
    /// - Throws: `.rewriteConflict`.
    func rewrite(
        _ request: borrowing Request, along route: GatewayRoute, for principal: Principal?
    ) throws(Refusal) -> [UInt8]? {
        guard let rewrite = route.rewrite else { return nil }
        guard let (rewritten, forms) = rewrite.apply(to: request.target.path) else { throw .rewriteConflict }
        for path in Self.paths(rewritten, forms, on: route) {
            guard !path.starts(with: "//".utf8) else { throw .rewriteConflict }
            for table in views[route.upstream].own {
                switch table.match(host: request.host.name, path: path, method: request.method) {
                case .none: break
                case .found(let index):
                    guard index == route.index || wouldPermit(principal, on: routes[index]) else {
                        throw .rewriteConflict
                    }
                case .methodNotAllowed: throw .rewriteConflict
                }
            }
        }
        return rewritten
    }

    private func wouldPermit(_ principal: Principal?, on route: GatewayRoute) -> Bool {
        if let principal, let issuers = route.issuers, !issuers.contains(principal.issuerIndex) { return false }
        return policy.denial(route: route.index, of: principal) == nil
    }

    /// The permit that a shadow route gives whatever was decided; nil on any other route.
    func shadowPermit(on route: GatewayRoute) -> Permit? {
        policy.shadowPermit(route: route.index)
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

/// Why no evaluator can be made of a configuration that was read without errors.
package enum EvaluatorError: Error {
    case conflictingRoutes, inconsistentPolicy
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
    fileprivate init(_ configuration: IssuerConfiguration) {
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
