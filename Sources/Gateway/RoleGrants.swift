import Configuration
import StrictJSON

/// Which scopes the roles of a token grant, and through which other roles.
struct RoleGrants {
    /// A role and those through which the token has it: `admin`, `editor`, `viewer`; and the scopes that it grants itself.
    struct Chain {
        let roles: [String]
        let scopes: [String]
    }

    private(set) var chains: [Chain] = []

    /// - Parameters:
    ///   - roles: the roles of the configuration.
    ///   - held: those of the token.
    init(_ roles: [RoleConfiguration], of held: [String]) {
        var definitions: [ExactText: RoleConfiguration] = [:]
        for role in roles { definitions[ExactText(role.name)] = role }
        var seen: Set<ExactText> = []
        var waiting = held.map { [$0] }
        var next = 0
        // The shortest way to each role comes first.
        while next < waiting.count {
            let path = waiting[next]
            next += 1
            guard let name = path.last, let role = definitions[ExactText(name)], seen.insert(ExactText(name)).inserted
            else { continue }
            if !role.scopes.isEmpty { chains.append(Chain(roles: path, scopes: role.scopes)) }
            waiting += role.includes.map { path + [$0] }
        }
    }

    var lines: [String] {
        chains.map { chain in
            "\(chain.roles.map(Explainer.printable).joined(separator: " > ")): \(chain.scopes.joined(separator: " "))"
        }
    }

    var value: JSONValue {
        .elements(
            chains.map { chain in
                .members([
                    ("roles", .elements(chain.roles.map { .string($0) })),
                    ("scopes", .elements(chain.scopes.map { .string($0) })),
                ])
            })
    }
}
