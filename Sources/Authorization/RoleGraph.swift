internal import Authentication

/// The roles with everything that they include, directly or through others.
struct RoleGraph: Sendable {
    /// For each role, itself and the roles it includes.
    private(set) var included: [NameSet]
    /// For each role, the scopes that it and the roles it includes grant.
    private(set) var scopes: [NameSet]

    /// - Parameters:
    ///   - roles: the roles.
    ///   - names: their names, in the same order.
    ///   - scopeNames: the configured scopes.
    /// - Throws: `PolicyError` if a role includes or grants what is not configured.
    init(_ roles: [RoleDefinition], names: Vocabulary, scopes scopeNames: Vocabulary) throws(PolicyError) {
        included = []
        scopes = []
        for (index, role) in roles.enumerated() {
            var set = try Policy.set(of: role.includes, in: names, orElse: PolicyError.unknownRole)
            set.insert(index)
            included.append(set)
            scopes.append(try Policy.set(of: role.scopes, in: scopeNames, orElse: PolicyError.unknownScope))
        }
        close()
    }

    /// Adds what the included roles include until nothing is added; a cycle ends as well.
    private mutating func close() {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for role in included.indices {
                var roleSet = included[role]
                var scopeSet = scopes[role]
                for other in included.indices where other != role && included[role].contains(other) {
                    roleSet.formUnion(included[other])
                    scopeSet.formUnion(scopes[other])
                }
                if roleSet != included[role] || scopeSet != scopes[role] { hasChanged = true }
                included[role] = roleSet
                scopes[role] = scopeSet
            }
        }
    }

    /// The roles that satisfy a requirement of any of `required`: those, and the roles that include one of them.
    func roles(satisfying required: NameSet) -> NameSet {
        var satisfying = NameSet()
        if required.isEmpty { return satisfying }
        for role in included.indices where included[role].intersects(required) { satisfying.insert(role) }
        return satisfying
    }

    /// The scopes that `roles` grant, 64 at a time.
    ///
    /// - Parameters:
    ///   - position: which 64 scopes.
    ///   - roles: the roles held.
    /// - Returns: those of the 64 that are granted.
    func scopeWord(_ position: Int, grantedBy roles: NameSet) -> UInt64 {
        var granted: UInt64 = 0
        for group in 0..<roles.wordCount {
            var rest = roles.word(group)
            while rest != 0 {
                granted |= scopes[group * 64 + rest.trailingZeroBitCount].word(position)
                rest &= rest - 1
            }
        }
        return granted
    }
}
