import StrictJSON

/// Where a file holds secrets: the bytes that no excerpt may show.
struct SecretPlaces {
    var ranges: [Range<Int>] = []

    /// Keys whose values are taken for secrets wherever no shape says what they are.
    static let names: Set<String> = ["secret", "client_secret", "password", "passphrase", "private_key"]

    /// The private parts of a key (RFC 7518 §6).
    private static let privateParts: Set<String> = ["d", "p", "q", "dp", "dq", "qi", "k"]

    /// The parts of a key that are not private (RFC 7517 §4, RFC 7518 §6); any other may be.
    private static let publicParts: Set<String> = [
        "kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256", "n", "e", "crv", "x", "y",
    ]

    /// The secrets of a value, by its shape.
    init(in cursor: Cursor, _ shape: Shape) {
        find(in: cursor.node, shape)
    }

    private mutating func find(in node: JSONNode, _ shape: Shape) {
        // A secret may be written in the place of what should hold it.
        if shape.holdsSecrets, !shape.fits(node.value) { return hide(node) }
        switch (shape, node.value) {
        case (.secret, .object(let members)):
            for member in members where !Self.isSource(member) { hide(member.node) }
        case (.secret, _), (.string(.passwordHash), _): hide(node)
        case (.keySet, .object(let members)): findInKeySet(members)
        case (.object(let object), .object(let members)):
            var unknown = 0
            for member in members where !Cursor.isComment(member.name) {
                let known = object[member.name]
                unknown += known == nil ? 1 : 0
                guard unknown <= ObjectShape.maximumGuesses || known != nil else {
                    hide(member.node)
                    continue
                }
                let key = known ?? object.nearestKey(to: member.name)
                findNamed(member, key.map { $0.presence == .later ? .anyObject : $0.shape } ?? .anyObject)
            }
        case (.list(let element), .array(let elements)), (.path(let element, _), .array(let elements)):
            for node in elements { find(in: node, element) }
        case (.map(let value, _), .object(let members)):
            for member in members where !Cursor.isComment(member.name) { find(in: member.node, value) }
        case (.either(let shapes), _):
            find(in: node, shapes.first { $0.fits(node.value) } ?? .anyObject)
        case (.anyObject, .object(let members)):
            for member in members {
                if Self.privateParts.contains(member.name.lowercased()) {
                    hide(member.node)
                } else {
                    findNamed(member, .anyObject)
                }
            }
        case (.string(let form), .string(let text)): if form.holdsSecret(text) { hide(node) }
        case (_, .string(let text)): if UserInformation.masked(in: text) != nil { hide(node) }
        case (_, .array(let elements)):
            for node in elements { find(in: node, .anyObject) }
        case (_, .object(let members)):
            for member in members { findNamed(member, .anyObject) }
        default: break
        }
    }

    /// Looks into a member; where its shape says nothing, its name may.
    private mutating func findNamed(_ member: JSONMember, _ shape: Shape) {
        if case .anyObject = shape, Self.isSecretName(member.name) {
            find(in: member.node, .secret)
        } else {
            find(in: member.node, shape)
        }
    }

    /// Hides all parts of keys that are not known to be public.
    private mutating func findInKeySet(_ members: [JSONMember]) {
        for member in members where !Cursor.isComment(member.name) {
            guard member.name == "keys", let keys = member.node.array else {
                hide(member.node)
                continue
            }
            for key in keys {
                guard let parts = key.object else {
                    hide(key)
                    continue
                }
                for part in parts where !Self.isPublic(part) { hide(part.node) }
            }
        }
    }

    private static func isPublic(_ part: JSONMember) -> Bool {
        if Cursor.isComment(part.name) { return true }
        guard publicParts.contains(part.name) else { return false }
        return part.node.string != nil || part.node.array?.allSatisfy { $0.string != nil } == true
    }

    /// Whether a member of a secret says where the secret is.
    private static func isSource(_ member: JSONMember) -> Bool {
        switch (member.name, member.node.string) {
        case ("env", let name?): SourceName.isVariable(name)
        case ("file", let path?): SourceName.isPath(path)
        default: false
        }
    }

    /// Whether a key's name, perhaps mistyped, is one of a secret; rather too much than too little.
    private static func isSecretName(_ name: String) -> Bool {
        let lowercased = name.lowercased()
        return names.contains { lowercased.contains($0) } || nearestWord(to: name, among: names) != nil
    }

    /// Hides every word and number of a value.
    private mutating func hide(_ node: JSONNode) {
        switch node.value {
        case .string: ranges.append((node.range.lowerBound + 1)..<(node.range.upperBound - 1))
        case .number, .bool, .null: ranges.append(node.range)
        case .array(let elements): for element in elements { hide(element) }
        case .object(let members): for member in members { hide(member.node) }
        }
    }
}
