import Configuration
import StrictJSON

/// The claims of a token that nobody has signed yet.
struct SupposedClaims {
    private(set) var members: [JSONMember]

    /// Claims as they are given; `iss` is added where there is one issuer only.
    init(_ members: [JSONMember], issuers: [IssuerConfiguration]) {
        self.members = members
        if issuers.count == 1, !members.contains(where: { $0.name == "iss" }) {
            set(.string(issuers[0].issuer), at: ["iss"][...])
        }
    }

    /// The claims of a token that the issuer could have made now for some scopes and roles, good for five minutes.
    init(granting scopes: [String], roles: [String], by issuer: IssuerConfiguration, now: Int) {
        members = []
        for name in issuer.requiredClaims {
            set(name == "nbf" ? .integer(now) : .string("supposed"), at: [name][...])
        }
        if let path = issuer.claims.subject.first { set(.string("supposed"), at: path[...]) }
        set(.elements(scopes.map { .string($0) }), at: issuer.claims.scopes.first?[...] ?? [])
        set(.elements(roles.map { .string($0) }), at: issuer.claims.roles.first?[...] ?? [])
        set(.string(issuer.issuer), at: ["iss"][...])
        if case .oneOf(let names) = issuer.audience { set(.string(names.first ?? ""), at: ["aud"][...]) }
        let lifetime = min(300, issuer.maximumLifetime.map { Int($0.components.seconds) } ?? 300)
        set(.integer(now), at: ["iat"][...])
        set(.integer(now + lifetime), at: ["exp"][...])
    }

    /// Sets what stands at a path, which may be longer than one key.
    private mutating func set(_ value: JSONValue, at path: ArraySlice<String>) {
        guard !path.isEmpty else { return }
        members = Self.setting(value, at: path, in: members)
    }

    private static func setting(
        _ value: JSONValue, at path: ArraySlice<String>, in members: [JSONMember]
    ) -> [JSONMember] {
        guard let name = path.first else { return members }
        var inner: [JSONMember] = []
        var others = members
        if let position = members.firstIndex(where: { $0.name.isExactly(name) }) {
            inner = members[position].node.object ?? []
            others.remove(at: position)
        }
        let rest = path.dropFirst()
        let node = rest.isEmpty ? value : .object(setting(value, at: rest, in: inner))
        return others + [JSONMember(name: name, nameRange: 0..<0, node: JSONNode(value: node, range: 0..<0))]
    }
}
