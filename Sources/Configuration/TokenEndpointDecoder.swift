import JOSE
import Passwords
import StrictJSON

/// Decodes a built-in issuer: its key, its users and its clients.
struct TokenEndpointDecoder {
    private let problems: ProblemCollector
    private let surroundings: Surroundings
    private let paths: PathBase
    private let names: KnownNames

    init(_ issuers: IssuerDecoder) {
        problems = issuers.files.problems
        surroundings = issuers.files.surroundings
        paths = issuers.files.paths
        names = issuers.names
    }

    /// Decodes the value of `token_endpoint`.
    ///
    /// - Parameters:
    ///   - endpoint: the value.
    ///   - issuer: the issuer that it stands in.
    /// - Returns: nil if its key cannot be had, which is reported.
    func decode(_ endpoint: Cursor, in issuer: Cursor) -> TokenEndpointConfiguration? {
        guard endpoint.node.object != nil else { return nil }
        requireAudience(of: issuer)
        let lifetime = endpoint["lifetime"]?.duration ?? .seconds(900)
        if let place = issuer["maximum_lifetime"], let maximum = place.duration, maximum < lifetime {
            problems.report(
                "the tokens of \"token_endpoint\" are good for longer than this", as: .contradiction, at: place)
        }
        let users = accounts(endpoint["users"], secret: "password")
        let clients = accounts(endpoint["clients"], secret: "secret")
        reportSharedNames(endpoint)
        if endpoint["users"] == nil && endpoint["clients"] == nil
            && !problems.isMistyped(["users", "clients"], in: endpoint)
        {
            problems.report(
                "nobody can get a token: \"users\" and \"clients\" are both missing", as: .missingKey,
                at: endpoint.node.range.lowerBound..<(endpoint.node.range.lowerBound + 1), pointer: endpoint.pointer)
        }
        guard let key = signingKey(endpoint["signing_key"]?["file"]) else { return nil }
        return TokenEndpointConfiguration(
            path: endpoint["path"]?.string ?? "", lifetime: lifetime, signingKey: key, users: users, clients: clients)
    }

    private func signingKey(_ cursor: Cursor?) -> SigningKey? {
        guard let cursor, let written = cursor.string, !written.isEmpty else { return nil }
        let path = paths.resolve(written)
        switch surroundings.signingKey(path) {
        case .success(let key): return key
        case .failure(let error):
            problems.report("the key in \"\(path)\" is not usable: \(error.message)", as: .unreadable, at: cursor)
            return nil
        }
    }

    private func requireAudience(of issuer: Cursor) {
        if let audience = issuer["audience"], audience.string == "any" {
            problems.report(
                "the tokens of \"token_endpoint\" must say whom they are for: write a list", as: .contradiction,
                at: audience)
        }
    }

    private func accounts(_ map: Cursor?, secret: String) -> [AccountConfiguration] {
        (map?.members ?? []).compactMap { member in
            for scope in member.value["scopes"]?.elements ?? [] {
                problems.requireKnown(scope, in: names.scopes, kind: "scope", key: "scopes")
            }
            for role in member.value["roles"]?.elements ?? [] {
                problems.requireKnown(role, in: names.roles, kind: "role", key: "roles")
            }
            guard let hash = member.value[secret]?.string.flatMap({ try? PasswordHash(phc: $0) }) else { return nil }
            return AccountConfiguration(
                name: member.name, hash: hash, scopes: member.value["scopes"]?.strings ?? [],
                roles: member.value["roles"]?.strings ?? [])
        }
    }

    /// A service that looks at `sub` alone must not take a client for a user (RFC 9068 §5).
    private func reportSharedNames(_ endpoint: Cursor) {
        let users = NameList((endpoint["users"]?.members ?? []).map(\.name))
        for client in endpoint["clients"]?.members ?? [] where users.contains(client.name) {
            problems.report(
                "a user has the name \"\(client.name)\", too: their tokens would name the same subject", as: .usedTwice,
                at: client.nameRange, pointer: client.value.pointer)
        }
    }
}
