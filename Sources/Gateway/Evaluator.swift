import Authentication
import Authorization
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
    private let table: RouteTable<Int>
    private let authenticator: Authenticator
    private let policy: Policy

    /// - Throws: what the configuration's reader should have found: a fault of ours.
    init(_ configuration: GatewayConfiguration) throws(EvaluatorError) {
        routes = configuration.routes.enumerated().map { GatewayRoute($1, index: $0, in: configuration) }
        let scopes = Vocabulary(configuration.scopes.map(\.name))
        let roles = Vocabulary(configuration.roles.map(\.name))
        do throws(RouteConflicts) {
            table = try RouteTable(
                configuration.routes.enumerated().map { index, route in
                    Route(
                        host: route.host, pattern: route.pattern, ignoresTrailingSlash: route.ignoresTrailingSlash,
                        methods: route.methods, target: index)
                })
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

    /// Finds the route that owns the request.
    ///
    /// - Throws: `.noRoute`, `.methodNotAllowed`, or `.ambiguousPath` where another reading of the path leads elsewhere.
    func match(_ request: borrowing Request) throws(Refusal) -> GatewayRoute {
        let found = table.match(host: request.host.name, path: request.target.path.span, method: request.method)
        if !request.target.forms.isEmpty { try checkReadings(of: request, found) }
        switch found {
        case .found(let index): return routes[index]
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
            let other = table.match(host: request.host.name, path: reading.path.span, method: request.method)
            guard other.isSame(as: found) else { throw .ambiguousPath }
        }
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

    /// The permit that a shadow route gives whatever was decided; nil on any other route.
    func shadowPermit(on route: GatewayRoute) -> Permit? {
        policy.shadowPermit(route: route.index)
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
    }
}

extension Grant {
    fileprivate init(_ grant: ScopeGrant) {
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
