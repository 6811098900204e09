import Bytes
package import StrictJSON

/// Entries as JSON, in the configured file, in the store's and in requests of operators.
extension RevocationEntry {
    /// What an entry with `sub` and without `issued_before` means.
    package enum UntimedSubject: Sendable {
        /// Nothing: an entry that locks someone out for ever, new logins included, must say so.
        case refused
        /// Tokens that were issued before this time, in seconds since 1970.
        case before(Int)
        /// All tokens.
        case always
    }

    /// How many bytes a string may have.
    private static let maximumLength = 1024
    private static let allMembers =
        Subject.Kind.allCases.map(\.rawValue) + [
            "issuer", "issued_before", "expires_at", "comment",
        ]

    /// Reads one entry.
    ///
    /// - Parameters:
    ///   - node: an object of one of `jti`, `sid`, `sub` and `client_id`, and optionally `issuer`, `issued_before`,
    ///     `expires_at` and `comment`.
    ///   - untimedSubject: what `sub` without `issued_before` means.
    /// - Throws: `RevocationFault`: the first thing that is wrong.
    package init(node: JSONNode, untimedSubject: UntimedSubject) throws(RevocationFault) {
        guard let members = node.object else { throw RevocationFault(node, "must be an object") }
        for member in members where !Self.allMembers.contains(where: member.name.isExactly) {
            throw RevocationFault(
                member: nil, message: "has an unknown key; there are \(Self.allMembers.joined(separator: ", "))",
                range: member.nameRange)
        }
        let subjects = Subject.Kind.allCases.filter { node[$0.rawValue] != nil }
        guard let kind = subjects.first, let text = try Self.text(node, kind.rawValue) else {
            throw RevocationFault(node, "must have one of jti, sid, sub and client_id")
        }
        guard subjects.count == 1 else {
            throw RevocationFault(
                node, subjects[1].rawValue, "cannot stand beside \(kind.rawValue): write two entries")
        }
        var issuedBefore = try Self.time(node, "issued_before")
        if kind == .subject, issuedBefore == nil {
            switch untimedSubject {
            case .refused: throw RevocationFault(node, "must have issued_before, as it has sub")
            case .before(let time): issuedBefore = time
            case .always: break
            }
        }
        if let comment = node["comment"], comment.string == nil {
            throw RevocationFault(node, "comment", "must be a string")
        }
        self.init(
            Subject(kind, text), issuer: try Self.text(node, "issuer"), issuedBefore: issuedBefore,
            end: try Self.time(node, "expires_at"))
    }

    /// Reads a list of entries.
    ///
    /// - Parameters:
    ///   - node: an object whose one member `revocations` is an array of entries.
    ///   - untimedSubject: what `sub` without `issued_before` means.
    /// - Returns: the entries in the order of the text; at most `Denylist.maximumCount`.
    /// - Throws: `RevocationFault`: the first thing that is wrong.
    package static func list(
        _ node: JSONNode, untimedSubject: UntimedSubject
    ) throws(RevocationFault) -> [RevocationEntry] {
        guard let members = node.object, members.count == 1, let list = node["revocations"] else {
            throw RevocationFault(node, "must be an object with the one key revocations")
        }
        guard let nodes = list.array else { throw RevocationFault(node, "revocations", "must be an array") }
        guard nodes.count <= Denylist.maximumCount else {
            throw RevocationFault(node, "revocations", "has more than \(Denylist.maximumCount) entries")
        }
        var entries: [RevocationEntry] = []
        entries.reserveCapacity(nodes.count)
        for node in nodes {
            do throws(RevocationFault) {
                entries.append(try RevocationEntry(node: node, untimedSubject: untimedSubject))
            } catch {
                var fault = error
                fault.index = entries.count
                throw fault
            }
        }
        return entries
    }

    /// The members of the entry, times in seconds since 1970.
    package var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [(subject.kind.rawValue, .string(subject.text.text))]
        if let issuer { members.append(("issuer", .string(issuer))) }
        if let issuedBefore { members.append(("issued_before", .integer(issuedBefore))) }
        if let end { members.append(("expires_at", .integer(end))) }
        return members
    }

    private static func text(_ node: JSONNode, _ name: String) throws(RevocationFault) -> String? {
        guard let value = node[name] else { return nil }
        guard let text = value.string else { throw RevocationFault(node, name, "must be a string") }
        guard (1...maximumLength).contains(text.utf8.count) else {
            throw RevocationFault(node, name, "must have 1 to \(maximumLength) bytes")
        }
        return text
    }

    /// - Returns: seconds since 1970, up to the end of the year 9999, so that milliseconds are not taken for seconds.
    private static func time(_ node: JSONNode, _ name: String) throws(RevocationFault) -> Int? {
        guard let value = node[name] else { return nil }
        guard let time = value.number?.integer ?? value.string.flatMap(TimeText.parse),
            (0...253_402_300_799).contains(time)
        else {
            throw RevocationFault(
                node, name, "must be whole seconds since 1970 or a time such as \"2027-01-31T00:00:00Z\" (RFC 3339)")
        }
        return time
    }
}

extension RevocationFault {
    /// A fault of the whole of `node`.
    fileprivate init(_ node: JSONNode, _ message: String) {
        self.init(member: nil, message: message, range: node.range)
    }

    /// A fault of the value of a member of `node`.
    fileprivate init(_ node: JSONNode, _ member: String, _ message: String) {
        self.init(member: member, message: message, range: node[member]?.range ?? node.range)
    }
}
