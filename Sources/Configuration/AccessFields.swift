/// The access keys of a route, or of `route_defaults`.
struct AccessFields {
    private let isPublic: Bool
    private let isAuthenticated: Bool
    private let scopes: [String]?
    private let anyScopes: [[String]]?
    private let roles: [String]?

    /// What may stand alone, and what may stand together.
    private static let exclusive = ["public", "authenticated"]
    private static let requirements = ["scopes", "any_scopes", "roles"]

    /// All access keys.
    static let keys = exclusive + requirements

    /// Keys that say nothing beside `public`, since no token is looked at.
    static let meaninglessInPublic = ["issuers", "shadow"]

    /// For each key that stands alone, those that cannot stand beside it.
    static var contradictions: [(key: String, others: [String])] {
        exclusive.map { key in
            (key, keys.filter { $0 != key } + (key == "public" ? meaninglessInPublic : []))
        }
    }

    /// The access keys that a route takes over from `route_defaults`; see `completed(by:)`.
    static func inherited(by own: Cursor, from defaults: Cursor) -> [String] {
        let present = keys.filter { own[$0] != nil }
        let offered = keys.filter { defaults[$0] != nil }
        if present.isEmpty { return offered }
        if (present + offered).contains(where: exclusive.contains) { return [] }
        return offered.filter { own[$0] == nil }
    }

    /// Reads the access keys of `cursor`; those of another type than they should have count as given, too.
    init(_ cursor: Cursor) {
        isPublic = cursor["public"] != nil
        isAuthenticated = cursor["authenticated"] != nil
        scopes = cursor["scopes"].map { $0.strings ?? [] }
        anyScopes = cursor["any_scopes"].map { $0.elements.compactMap(\.strings) }
        roles = cursor["roles"].map { $0.strings ?? [] }
    }

    private init(scopes: [String]?, anyScopes: [[String]]?, roles: [String]?) {
        isPublic = false
        isAuthenticated = false
        self.scopes = scopes
        self.anyScopes = anyScopes
        self.roles = roles
    }

    private var isExclusive: Bool { isPublic || isAuthenticated }

    private var isEmpty: Bool { !isExclusive && scopes == nil && anyScopes == nil && roles == nil }

    /// The access that the fields describe; nil if they describe none.
    var access: AccessConfiguration? {
        if isEmpty { return nil }
        if isPublic { return .everyone }
        if isAuthenticated { return .authenticated }
        return .restricted(
            RequirementConfiguration(scopes: scopes ?? [], anyScopes: anyScopes ?? [], roles: roles ?? []))
    }

    /// These fields, completed by `defaults`.
    ///
    /// Each requirement is completed on its own, so that a default is never lost where it can hold, too; `public` and
    /// `authenticated` stand alone, whichever side has them.
    func completed(by defaults: AccessFields) -> AccessFields {
        if isEmpty { return defaults }
        if isExclusive || defaults.isExclusive { return self }
        return AccessFields(
            scopes: scopes ?? defaults.scopes, anyScopes: anyScopes ?? defaults.anyScopes,
            roles: roles ?? defaults.roles)
    }

    /// Reports access keys of `cursor` that contradict each other.
    static func reportContradictions(in cursor: Cursor, to problems: ProblemCollector) {
        let present = cursor.members.filter { keys.contains($0.name) }
        guard let alone = present.first(where: { exclusive.contains($0.name) }) else { return }
        for other in present where other.name != alone.name {
            problems.report(
                "\"\(other.name)\" contradicts \"\(alone.name)\": who may use a route is said by exactly one of "
                    + "\"public\", \"authenticated\", or \"scopes\", \"any_scopes\" and \"roles\" together",
                as: .contradiction, at: other.nameRange, pointer: other.value.pointer)
        }
    }
}
