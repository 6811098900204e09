import StrictJSON

/// Decodes scopes and roles, and checks that roles refer to what there is and not to themselves.
struct PolicyDecoder {
    let problems: ProblemCollector

    func decodeScopes(_ map: Cursor?) -> [ScopeConfiguration] {
        (map?.members ?? []).map { ScopeConfiguration(name: $0.name, summary: $0.value.string ?? "") }
    }

    func decodeRoles(_ map: Cursor?, scopes scopeNames: NameList) -> [RoleConfiguration] {
        let members = map?.members ?? []
        let roleNames = NameList(members.map(\.name))
        for member in members {
            for scope in member.value["scopes"]?.elements ?? [] {
                problems.requireKnown(scope, in: scopeNames, kind: "scope", key: "scopes")
            }
            for role in member.value["includes"]?.elements ?? [] {
                problems.requireKnown(role, in: roleNames, kind: "role", key: "roles")
            }
        }
        reportCircles(members.map(\.value), names: roleNames.names)
        return members.map { member in
            RoleConfiguration(
                name: member.name, includes: member.value["includes"]?.strings ?? [],
                scopes: member.value["scopes"]?.strings ?? [])
        }
    }

    /// Reports each inclusion that closes a circle, found depth first with an explicit stack.
    private func reportCircles(_ roles: [Cursor], names: [String]) {
        var positions: [ExactText: Int] = [:]
        for (position, name) in names.enumerated() { positions[ExactText(name)] = position }
        var isDone = Array(repeating: false, count: roles.count)
        for start in roles.indices where !isDone[start] {
            var path = [(role: start, next: 0)]
            while let (role, next) = path.last {
                let includes = roles[role]["includes"]?.elements ?? []
                guard next < includes.count else {
                    isDone[role] = true
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                guard let name = includes[next].string, let included = positions[ExactText(name)], !isDone[included]
                else { continue }
                if let first = path.firstIndex(where: { $0.role == included }) {
                    let circle = path[first...].map { names[$0.role] } + [names[included]]
                    let words = circle.map { "\"\($0)\"" }.joined(separator: " includes ")
                    problems.report("a role cannot include itself: \(words)", as: .roleCircle, at: includes[next])
                } else {
                    path.append((included, 0))
                }
            }
        }
    }
}
