package import Authentication

/// Why a policy cannot be made; the configuration's reader says the same with positions.
package enum PolicyError: Error, Equatable, Sendable {
    /// A route requires or a role grants a scope that is not configured.
    case unknownScope(String)
    /// A route requires or a role includes a role that is not configured.
    case unknownRole(String)
    /// A route is restricted, but by nothing, or has an alternative that requires nothing.
    case emptyRequirement(route: Int)
}

/// A route as the policy sees it.
package struct ProtectedRoute: Sendable {
    /// Who may use it.
    package let access: Access
    /// The number of its upstream, which the permit carries.
    package let upstream: Int
    /// Whether what is denied is only noted.
    package let isShadow: Bool

    /// - Parameters:
    ///   - access: who may use it.
    ///   - upstream: the number of its upstream.
    ///   - isShadow: whether what is denied is only noted.
    package init(access: Access, upstream: Int, isShadow: Bool = false) {
        self.access = access
        self.upstream = upstream
        self.isShadow = isShadow
    }
}

/// Decides who may use which route; the only maker of permits.
///
/// A value that never changes. Each worker should make its own from the configuration, so that workers do not share
/// reference counts.
package struct Policy: Sendable {
    private let routes: [CompiledRoute]
    private let roleGraph: RoleGraph
    private let grants: [Grant]
    private let defaultGrant: Grant
    private let scopeCount: Int

    /// - Parameters:
    ///   - scopes: the configured scopes.
    ///   - roles: the configured roles; their positions are those of the principals' role vocabulary.
    ///   - grant: which scopes principals hold.
    ///   - issuerGrants: the same for principals of an issuer, by the issuer's position; nil means `grant`.
    ///   - routes: the routes; their positions name them.
    /// - Throws: `PolicyError` if a name is not configured, or a restriction restricts nothing.
    package init(
        scopes: Vocabulary, roles: [RoleDefinition], grant: Grant = .union, issuerGrants: [Grant?] = [],
        routes: [ProtectedRoute]
    ) throws(PolicyError) {
        let roleNames = Vocabulary(roles.map(\.name))
        let graph = try RoleGraph(roles, names: roleNames, scopes: scopes)
        roleGraph = graph
        defaultGrant = grant
        scopeCount = scopes.names.count
        grants = issuerGrants.map { $0 ?? grant }
        var compiled: [CompiledRoute] = []
        compiled.reserveCapacity(routes.count)
        for (index, route) in routes.enumerated() {
            compiled.append(
                try CompiledRoute(route, index: index, scopes: scopes, roleNames: roleNames, roleGraph: graph))
        }
        self.routes = compiled
    }

    /// Whether requests on a route are decided without looking at any credential.
    package func isPublic(route: Int) -> Bool {
        routes[route].kind == .public
    }

    /// The scopes to name in a challenge on a route when there is no principal, in the order of the file.
    package func challengeScopes(route: Int) -> [String] {
        routes[route].challengeScopes
    }

    /// Decides whether a principal may use a route.
    ///
    /// - Parameters:
    ///   - route: the position of the route.
    ///   - principal: who asks, or nil if nobody is authenticated.
    /// - Returns: the permit for one request.
    /// - Throws: `Denial`: what is missing.
    package borrowing func permit(route: Int, principal: Principal?) throws(Denial) -> Permit {
        try check(principal, on: route)
        return Permit(route: route, upstream: routes[route].upstream)
    }

    /// What a holder of scopes and roles lacks on a route; a shadow route is asked like any other.
    ///
    /// - Parameters:
    ///   - route: the position of the route.
    ///   - holder: a principal, or what a token would carry; nil if nobody is authenticated.
    /// - Returns: nil if a principal with the same would get a permit; nothing can be forwarded with the answer.
    package borrowing func denial(route: Int, of holder: (some Holder)?) -> Denial? {
        do throws(Denial) {
            try check(holder, on: route)
            return nil
        } catch {
            return error
        }
    }

    /// All scopes that a holder of scopes and roles has, as the grant of its issuer puts them together.
    package borrowing func scopes(heldBy holder: some Holder) -> NameSet {
        var set = NameSet()
        for index in 0..<scopeCount where held(index / 64, by: holder) & 1 << UInt64(index % 64) != 0 {
            set.insert(index)
        }
        return set
    }

    private borrowing func check(_ holder: (some Holder)?, on route: Int) throws(Denial) {
        switch routes[route].kind {
        case .public:
            break
        case .authenticated:
            guard holder != nil else { throw .notAuthenticated(requiredScopes: []) }
        case .restricted:
            guard let holder else { throw .notAuthenticated(requiredScopes: routes[route].challengeScopes) }
            try checkScopes(of: holder, on: route)
            try checkRoles(of: holder, on: route)
        }
    }

    /// Whether a holder has the scope at a position of the vocabulary: by its token or its roles, as its issuer's grant says.
    package borrowing func holds(scope position: Int, by holder: some Holder) -> Bool {
        held(position / 64, by: holder) & 1 << UInt64(position % 64) != 0
    }

    /// The permit that a shadow route gives for a request that was denied.
    ///
    /// - Parameter route: the position of the route.
    /// - Returns: nil if the route is not a shadow route.
    package borrowing func shadowPermit(route: Int) -> Permit? {
        routes[route].isShadow ? Permit(route: route, upstream: routes[route].upstream) : nil
    }

    private borrowing func checkScopes(of holder: some Holder, on route: Int) throws(Denial) {
        if let required = routes[route].simpleScopes {
            if required & ~held(0, by: holder) == 0 { return }
            throw insufficientScope(of: holder, on: route)
        }
        for alternative in 0..<routes[route].alternatives.count where holds(route, alternative, holder) { return }
        throw insufficientScope(of: holder, on: route)
    }

    /// Whether the holder has all scopes of an alternative; allocates nothing.
    private borrowing func holds(_ route: Int, _ alternative: Int, _ holder: some Holder) -> Bool {
        for position in 0..<routes[route].alternatives[alternative].set.wordCount {
            let required = routes[route].alternatives[alternative].set.word(position)
            if required & ~held(position, by: holder) != 0 { return false }
        }
        return true
    }

    /// The scopes that the holder has, 64 at a time.
    private borrowing func held(_ position: Int, by holder: some Holder) -> UInt64 {
        let issuer = holder.issuerIndex
        let grant = issuer < grants.count ? grants[issuer] : defaultGrant
        let token = holder.scopes.word(position)
        if grant == .token || holder.roles.isEmpty { return grant.combine(token: token, roles: 0) }
        return grant.combine(token: token, roles: roleGraph.scopeWord(position, grantedBy: holder.roles))
    }

    /// Looks at a scope with what the holder's roles grant.
    ///
    /// - Parameters:
    ///   - scope: the position of the scope.
    ///   - holder: whose it is.
    /// - Returns: whether decisions count it as held.
    package borrowing func counts(scope: Int, of holder: some Holder) -> Bool {
        held(scope / 64, by: holder) & 1 << UInt64(scope % 64) != 0
    }

    /// Looks at a role and at those that include it.
    ///
    /// - Parameters:
    ///   - role: the position of the role.
    ///   - holder: whose it is.
    /// - Returns: whether decisions count it as held.
    package borrowing func counts(role: Int, of holder: some Holder) -> Bool {
        roleGraph.included.indices.contains { holder.roles.contains($0) && roleGraph.included[$0].contains(role) }
    }

    private borrowing func checkRoles(of holder: some Holder, on route: Int) throws(Denial) {
        guard !routes[route].requiredRoles.isEmpty else { return }
        guard holder.roles.intersects(routes[route].sufficientRoles) else {
            throw .insufficientRole(required: routes[route].requiredRoles)
        }
    }

    /// The alternative that lacks the fewest scopes, and which those are.
    private func insufficientScope(of holder: some Holder, on route: Int) -> Denial {
        var best: (required: [String], missing: [String]) = ([], [])
        for (index, alternative) in routes[route].alternatives.enumerated() {
            var missing: [String] = []
            for (name, position) in zip(alternative.names, alternative.positions)
            where !holds(scope: position, by: holder) { missing.append(name) }
            if index == 0 || missing.count < best.missing.count { best = (alternative.names, missing) }
        }
        return .insufficientScope(required: best.required, missing: best.missing)
    }

    static func set(
        of names: [String], in vocabulary: Vocabulary, orElse error: (String) -> PolicyError
    ) throws(PolicyError) -> NameSet {
        var set = NameSet()
        for name in names {
            guard let index = vocabulary.index(of: name) else { throw error(name) }
            set.insert(index)
        }
        return set
    }
}
