import Bytes

/// Decodes what a route says about fields: `identity_headers` and `cors`.
struct RouteFieldDecoder {
    let problems: ProblemCollector
    /// The fields that may carry an API key or a token, and the keys of the file that say so.
    let credentialFields: [(name: String?, key: String)]

    // MARK: Identity

    func identityHeaders(_ cursor: Cursor?) -> [IdentityHeaderConfiguration] {
        (cursor?.members ?? []).compactMap { member in
            if let path = member.value.strings {
                return IdentityHeaderConfiguration(name: member.name, source: .claim(path))
            }
            guard let part = member.value.choice(PrincipalPart.self) else { return nil }
            return IdentityHeaderConfiguration(name: member.name, source: .part(part))
        }
    }

    /// Checks the names, which are the same in any case.
    func checkIdentityHeaders(_ cursor: Cursor?) {
        var seen: Set<String> = []
        for member in cursor?.members ?? [] {
            if let field = credentialFields.first(where: { $0.name?.lowercased() == member.name.lowercased() }) {
                problems.report(
                    "\"\(member.name)\" carries credentials, see \"\(field.key)\"", as: .contradiction,
                    at: member.nameRange, pointer: member.value.pointer)
            }
            if !seen.insert(member.name.lowercased()).inserted {
                problems.report(
                    "\"\(member.name)\" is listed twice: case makes no difference in names of fields", as: .usedTwice,
                    at: member.nameRange, pointer: member.value.pointer)
            }
        }
    }

    // MARK: Other origins

    func crossOrigin(_ cursor: Cursor?) -> CrossOriginConfiguration? {
        guard let cursor, let origins = cursor["origins"]?.strings else { return nil }
        return CrossOriginConfiguration(
            origins: origins, headers: cursor["headers"]?.strings ?? [], exposed: cursor["expose"]?.strings ?? [],
            allowsCredentials: cursor["credentials"]?.boolean ?? false, maximumAge: cursor["max_age"]?.duration)
    }

    /// Checks that any origin is not let in with credentials, which browsers refuse, and is not listed beside others.
    func checkCrossOrigin(_ cursor: Cursor?) {
        guard let cursor, let origins = cursor["origins"], let any = origins.elements.first(where: { $0.string == "*" })
        else { return }
        if let credentials = cursor["credentials"], credentials.boolean == true {
            problems.report(
                "every page could act for its visitor: \"credentials\" needs origins by name", as: .contradiction,
                at: credentials)
        }
        if origins.elements.count > 1 {
            problems.report("\"*\" stands for every origin, so it stands alone", as: .contradiction, at: any)
        }
    }
}
