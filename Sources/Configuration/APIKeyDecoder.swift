import Bytes
import HTTP
import JOSE
import StrictJSON

/// Decodes API keys.
struct APIKeyDecoder {
    let problems: ProblemCollector
    let scopes: NameList
    let roles: NameList

    func decode(_ cursor: Cursor?) -> APIKeysConfiguration? {
        guard let cursor, cursor.node.object != nil else { return nil }
        var lines: [SHA256Digest: Int] = [:]
        let keys = (cursor["keys"]?.members ?? []).compactMap { decode($0.name, $0.value, &lines) }
        return APIKeysConfiguration(
            header: cursor["header"]?.string, keys: keys, grant: cursor["grant"]?.choice(ScopeGrant.self))
    }

    private func decode(_ name: String, _ cursor: Cursor, _ lines: inout [SHA256Digest: Int]) -> APIKeyConfiguration? {
        for scope in cursor["scopes"]?.elements ?? [] {
            problems.requireKnown(scope, in: scopes, kind: "scope", key: "scopes")
        }
        for role in cursor["roles"]?.elements ?? [] {
            problems.requireKnown(role, in: roles, kind: "role", key: "roles")
        }
        guard let written = cursor["hash"], let hash = written.string.flatMap(KeyHashText.parse) else { return nil }
        if let line = lines[hash] {
            problems.report("the key on line \(line) has the same \"hash\"", as: .usedTwice, at: written)
        } else {
            lines[hash] = problems.line(of: written)
        }
        return APIKeyConfiguration(
            name: name, hash: hash, scopes: cursor["scopes"]?.strings ?? [], roles: cursor["roles"]?.strings ?? [],
            expiry: cursor["expires"]?.string.flatMap(TimeText.parse))
    }
}

/// How the hash of an API key is written.
enum KeyHashText {
    /// The hash; nil if the text is not `sha256:` and 64 lower-case hexadecimal digits.
    static func parse(_ text: String) -> SHA256Digest? {
        guard text.hasPrefix("sha256:") else { return nil }
        return SHA256Digest(hexadecimal: text.utf8.span.extracting(7...))
    }
}
