import HTTP
import Revocation
import StrictJSON

/// `/revocations`.
extension AdminResponder {
    /// What is revoked, each entry with where that was said.
    func revocations() -> [UInt8] {
        let current = operations.revocations()
        let list = [("file", current.file), ("admin", current.admin)].flatMap { source, entries in
            entries.map { JSONValue.members($0.members + [("source", .string(source))]) }
        }
        return JSONValue.members([("revocations", .elements(list))]).line + [UInt8(ascii: "\n")]
    }

    /// Revokes with POST, takes back with DELETE.
    ///
    /// - Parameters:
    ///   - method: one of the two.
    ///   - body: an entry or a list of entries.
    ///   - now: seconds since 1970.
    /// - Returns: how many entries there were, or what is wrong with them.
    func changeRevocations(_ method: Method, _ body: [UInt8], now: Int) async -> AdminAnswer {
        let node: JSONNode
        do throws(JSONError) {
            node = try JSONReader.read(body.span, limits: JSONLimits(depth: 4))
        } catch {
            return AdminAnswer(problem: 400, "The body is not JSON from byte \(error.offset) on")
        }
        let isRevoking = method == .post
        let entries: [RevocationEntry]
        do throws(RevocationFault) {
            // Revoking is about what was issued up to now, this second included.
            entries = try Self.entries(in: node, untimedSubject: isRevoking ? .before(now + 1) : .always)
        } catch {
            return AdminAnswer(problem: 400, "Nothing has changed: \(error)")
        }
        let outcome = await isRevoking ? operations.revoke(entries) : operations.restore(entries)
        guard case .changed(let count, let warning) = outcome else {
            return AdminAnswer(
                problem: 409, "Nothing has changed: there may be \(Denylist.maximumCount) entries at most")
        }
        var members: [(String, JSONValue)] = [
            (isRevoking ? "revoked" : "restored", .integer(count)), ("persistent", .bool(warning == nil)),
        ]
        if let warning { members.append(("warning", .string(warning))) }
        return AdminAnswer(json: JSONValue.members(members).line + [UInt8(ascii: "\n")])
    }

    private static func entries(
        in node: JSONNode, untimedSubject: RevocationEntry.UntimedSubject
    ) throws(RevocationFault) -> [RevocationEntry] {
        if node["revocations"] == nil { return [try RevocationEntry(node: node, untimedSubject: untimedSubject)] }
        return try RevocationEntry.list(node, untimedSubject: untimedSubject)
    }
}
