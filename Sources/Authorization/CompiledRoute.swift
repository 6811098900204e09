internal import Authentication

/// A route's requirement in bits, with the names for denials at hand.
struct CompiledRoute: Sendable {
    enum Kind: Sendable {
        case `public`, authenticated, restricted
    }

    /// Scopes all of which are required.
    struct Alternative: Sendable {
        let set: NameSet
        /// The same, in the order of the file, each once.
        let names: [String]
        /// The positions of `names` in the vocabulary.
        let positions: [Int]
    }

    let kind: Kind
    let isShadow: Bool
    let upstream: Int
    /// Any of which is enough; empty if no scope is required.
    let alternatives: [Alternative]
    /// The scopes of the only alternative if they are among the first 64 of the vocabulary, which is the usual case and
    /// is decided without touching an array; 0 if no scope is required.
    let simpleScopes: UInt64?
    let requiredRoles: [String]
    /// The required roles and all that include one.
    let sufficientRoles: NameSet
    /// What a challenge names where nobody is authenticated: the alternative with the fewest scopes.
    let challengeScopes: [String]

    init(
        _ route: ProtectedRoute, index: Int, scopes: Vocabulary, roleNames: Vocabulary, roleGraph: RoleGraph
    ) throws(PolicyError) {
        upstream = route.upstream
        isShadow = route.isShadow
        var requirement = Requirement()
        switch route.access {
        case .public: kind = .public
        case .authenticated: kind = .authenticated
        case .restricted(let restriction):
            kind = .restricted
            requirement = restriction
            let isEmpty = restriction.scopes.isEmpty && restriction.anyScopes.isEmpty && restriction.roles.isEmpty
            if isEmpty || restriction.anyScopes.contains(where: \.isEmpty) { throw .emptyRequirement(route: index) }
        }
        var alternatives: [Alternative] = []
        for names in requirement.anyScopes {
            alternatives.append(try Self.alternative(requirement.scopes + names, scopes))
        }
        if alternatives.isEmpty && !requirement.scopes.isEmpty {
            alternatives.append(try Self.alternative(requirement.scopes, scopes))
        }
        self.alternatives = alternatives
        if alternatives.count > 1 || alternatives.first.map({ $0.set.wordCount > 1 }) ?? false {
            simpleScopes = nil
        } else {
            simpleScopes = alternatives.first?.set.word(0) ?? 0
        }
        requiredRoles = requirement.roles
        sufficientRoles = roleGraph.roles(
            satisfying: try Policy.set(of: requirement.roles, in: roleNames, orElse: PolicyError.unknownRole))
        challengeScopes = alternatives.min { $0.names.count < $1.names.count }?.names ?? []
    }

    private static func alternative(_ names: [String], _ scopes: Vocabulary) throws(PolicyError) -> Alternative {
        var set = NameSet()
        var once: [String] = []
        var positions: [Int] = []
        for name in names {
            guard let position = scopes.index(of: name) else { throw .unknownScope(name) }
            if set.contains(position) { continue }
            set.insert(position)
            once.append(name)
            positions.append(position)
        }
        return Alternative(set: set, names: once, positions: positions)
    }
}
