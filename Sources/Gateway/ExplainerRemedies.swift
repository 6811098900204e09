import Authentication
import Authorization
import Configuration
import HTTP
import JOSE
import Routing

/// What would have made the gateway permit a request.
extension Explainer {
    func remedies(for decided: Decided, _ places: ConfigurationPlaces) -> [String] {
        guard let refusal = decided.refusal ?? decided.trace.shadowed else { return [] }
        let route = decided.verdict.route
        switch refusal {
        case .ambiguousPath: return ambiguityRemedies(decided, places)
        case .noRoute:
            let path = String(decoding: decided.target.path, as: UTF8.self)
            return candidates(for: decided).prefix(3).map { nearRemedy($0, places) }
                + ["a route for \(path) in \(places.file)"]
        case .methodNotAllowed(let methods):
            return ["one of the methods \(methods.map(\.name).joined(separator: ", "))"]
                + candidates(for: decided).filter { wouldBeFound($0, with: decided.method, decided) }
                .map { "\(decided.method.name) among the methods of \(places.name($0.route))" }
        case .noToken, .denied(.notAuthenticated):
            return route.map { ["a token that is good for \(places.name($0.index)): \(needs(of: $0))"] } ?? []
        case .unusableToken(let error):
            var errors = decided.trace.token.checks.compactMap(\.error)
            if !errors.contains(error) { errors.insert(error, at: 0) }
            var words: [String] = []
            for error in errors {
                let word = tokenRemedy(error, decided, route)
                if !words.contains(word) { words.append(word) }
            }
            return [words.joined(separator: ", and ") + (route.map { "; \(needs(of: $0))" } ?? "")]
        case .denied(let denial): return route.map { denialRemedies(denial, decided, on: $0, places) } ?? []
        case .rewriteConflict: return rewriteRemedies(decided, places)
        case .ambiguousCredentials: return ["one credential instead of several"]
        case .rejected, .upstream, .webSocketNotForwarded, .overloaded, .ended, .clientGone, .tokenRefused,
            .rateLimited,
            .tooManyLogins:
            return []
        }
    }

    /// Whether a route that has the path would be found if it had the method, too.
    private func wouldBeFound(_ candidate: RouteCandidate, with method: Method, _ decided: Decided) -> Bool {
        guard case .method = candidate.loss else { return false }
        var configured = configuration.routes
        let methods = configured[candidate.route].methods.methods + [method]
        configured[candidate.route].methods = MethodSet(methods)
        let routes = configured.enumerated().map { Route($1, target: $0) }
        guard let table = try? RouteTable(routes) else { return false }
        let match = table.match(host: decided.host.name, path: decided.target.path.span, method: method)
        return if case .found(candidate.route) = match { true } else { false }
    }

    /// What a request should have been to be for a route that nearly has it.
    private func nearRemedy(_ candidate: RouteCandidate, _ places: ConfigurationPlaces) -> String {
        let route = configuration.routes[candidate.route]
        if case .host = candidate.loss {
            return "the host \(route.host?.description ?? ""), which is that of \(places.name(candidate.route))"
        }
        return "a path such as \(route.pattern.template), which is that of \(places.name(candidate.route))"
    }

    private func needs(of route: GatewayRoute) -> String {
        "the route requires \(configuration.routes[route.index].access.words)"
    }

    private func ambiguityRemedies(_ decided: Decided, _ places: ConfigurationPlaces) -> [String] {
        let forms = Self.words(for: decided.target.forms)
        var remedies = [
            forms.isEmpty
                ? "a path as its route has it, in its case and at its end"
                : "a path without \(forms.joined(separator: ", "))"
        ]
        if case .found(let index) = decided.trace.match {
            let missing = decided.target.forms.subtracting(evaluator.routes[index].allowedForms)
            let names = Self.words(for: missing).filter { AllowedForm(rawValue: $0) != nil }
            if !names.isEmpty {
                remedies.append(
                    "\"allow\": \(names) on \(places.name(index)), if its upstream reads such paths as they are")
            }
        }
        return remedies
    }

    private func tokenRemedy(_ error: TokenError, _ decided: Decided, _ route: GatewayRoute?) -> String {
        let issuer = decided.trace.token.issuerIndex.map { configuration.issuers[$0] }
        switch error {
        case .malformed: return "a token that is well formed: \(error.description)"
        case .unsupportedAlgorithm:
            return
                "a token signed with \((issuer?.algorithms ?? []).map(\.name).joined(separator: ", ")), by a key for it"
        case .unknownIssuer:
            let accepted = configuration.issuers.enumerated().filter { route?.issuers?.contains($0.offset) ?? true }
            return "a token whose iss is \(accepted.map { Self.quoted($0.element.issuer) }.joined(separator: " or "))"
        case .unknownKey: return "a token signed with a key of the issuer, or its key in the issuer's key set"
        case .badSignature: return "a token that was not changed, signed with the key that its kid names"
        case .expired: return "a token that has not expired"
        case .notYetValid: return "the same token later, or a clock that is right"
        case .wrongAudience:
            guard case .oneOf(let names) = issuer?.audience else { return "a token for this audience" }
            return "a token whose aud has \(names.map(Self.quoted).joined(separator: " or "))"
        case .wrongType: return "an access token: its typ is \(issuer?.tokenType ?? "JWT, at+jwt or absent")"
        case .requiredClaim:
            let missing = decided.trace.token.checks.filter { $0.error == .requiredClaim }.map(\.subject)
            return "a token with \(missing.joined(separator: " and "))"
        case .inactive: return "a token that its issuer says is active"
        case .revoked: return "a token that was not revoked"
        case .keysUnavailable, .undecided(.keys): return "the keys of the issuer: see \"gateway jwks fetch\""
        case .statusUnavailable, .undecided(.status): return "the issuer, which only a running gateway asks"
        case .apiKey(.malformed), .apiKey(.unknown): return "a key whose hash stands in \"api_keys\""
        case .apiKey(.expired): return "a key that has not expired"
        case .lifetimeExceeded:
            return "a token of \(issuer?.maximumLifetime?.components.seconds ?? 0) s at most from iat to exp"
        }
    }

    private func denialRemedies(
        _ denial: Denial, _ decided: Decided, on route: GatewayRoute, _ places: ConfigurationPlaces
    ) -> [String] {
        guard let principal = decided.verdict.principal else { return [] }
        var remedies: [String] = []
        var scopes = principal.scopes
        if case .insufficientScope(_, let missing) = denial {
            scopes.formUnion(Vocabulary(configuration.scopes.map(\.name)).set(of: missing))
            if wouldPermit(principal, scopes: scopes, roles: principal.roles, on: route) {
                remedies.append("a token with \(missing.joined(separator: " ")) besides")
            }
        }
        let names = configuration.roles.indices.filter { index in
            var roles = principal.roles
            roles.insert(index)
            return wouldPermit(principal, scopes: principal.scopes, roles: roles, on: route)
        }.map { configuration.roles[$0].name }
        if !names.isEmpty {
            remedies.append("a token with the role \(names.map(Self.printable).joined(separator: " or ")) besides")
        }
        if remedies.isEmpty { remedies.append("a token with more than one scope or role besides") }
        return remedies + ["another requirement on \(places.name(route.index))"]
    }

    private func wouldPermit(_ principal: Principal, scopes: NameSet, roles: NameSet, on route: GatewayRoute) -> Bool {
        let holder = SupposedHolder(issuerIndex: principal.issuerIndex, scopes: scopes, roles: roles)
        return evaluator.denial(of: holder, on: route) == nil
    }

    private func rewriteRemedies(_ decided: Decided, _ places: ConfigurationPlaces) -> [String] {
        guard let conflict = decided.trace.rewrites.last, !conflict.isGood else {
            return ["a rewrite that leaves a canonical path"]
        }
        let path = String(decoding: conflict.path, as: UTF8.self)
        if case .found(let index) = conflict.match {
            return ["a token that \(places.name(index)) permits, too: the upstream has \(path) there"]
        }
        return ["a method that the upstream's routes for \(path) have"]
    }
}
