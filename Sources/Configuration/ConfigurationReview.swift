import HTTP
import StrictJSON

/// Looks for what works, but is probably not meant, in a file without errors; each rule is one method.
struct ConfigurationReview {
    let problems: ProblemCollector
    let root: Cursor
    let configuration: GatewayConfiguration
    /// Seconds since 1970.
    let now: Int

    func run() {
        let routes = Array(zip(root["routes"]?.elements ?? [], configuration.routes))
        warnOfCleartextTokens()
        warnOfPasswords()
        warnOfAnyAudience()
        ProviderReview(problems: problems).warn(of: root, configuration)
        warnOfLastingKeys()
        warnOfUnusedScopes()
        warnOfUnusedRoles()
        warnOfMistypedMethods()
        Self.warnOfInlineSecrets(in: root, .gateway, problems)
        TLSReview(problems: problems, now: now).warn(of: root, configuration)
        for (cursor, route) in routes where route.isShadow { warnOfShadow(cursor) }
        for (cursor, route) in routes { warnOfNeedlessOutliving(cursor, route) }
        WeakerTwins(problems: problems, configuration: configuration).warn(of: routes)
    }

    /// A bearer token that is read on its way is as good as the client's own.
    private func warnOfCleartextTokens() {
        guard configuration.routes.contains(where: { $0.access != .everyone }) else { return }
        for (cursor, listener) in zip(root["listeners"]?.elements ?? [], configuration.listeners) {
            guard listener.tls == nil, let url = listener.externalURL, url.scheme == .http,
                let written = cursor["external_url"],
                let address = try? AddressText.parse(url.authority, ports: 1...65535, defaultPort: url.port),
                !address.isLoopback
            else { continue }
            problems.report(
                "clients are to send tokens to this URL in the clear; write \"https\" if something in front speaks TLS",
                as: .cleartextTokens, at: written)
        }
    }

    private func warnOfPasswords() {
        for issuer in root["issuers"]?.members ?? [] {
            guard let endpoint = issuer.value["token_endpoint"] else { continue }
            let place = issuer.value.nameRange(of: "token_endpoint")
            for (listener, written) in zip(configuration.listeners, root["listeners"]?.elements ?? [])
            where !listener.address.isLoopback && listener.tls == nil && listener.scheme == .http {
                problems.report(
                    "passwords may cross a network in the clear: the listener on line \(problems.line(of: written)) is "
                        + "reached from other machines, without \"tls\" and without an \"external_url\" of https",
                    as: .cleartextPasswords, at: place, pointer: endpoint.pointer)
            }
            guard let users = endpoint["users"] else { continue }
            problems.report(
                "clients see the passwords of these users: for trying out and small closed systems only (RFC 9700 §2.4)",
                as: .passwordGrant, at: endpoint.nameRange(of: "users"), pointer: users.pointer)
        }
    }

    private func warnOfAnyAudience() {
        for issuer in root["issuers"]?.members ?? [] {
            guard let audience = issuer.value["audience"], audience.string == "any" else { continue }
            problems.report(
                "tokens that \"\(issuer.name)\" issues for any other service are good here, too", as: .anyAudience,
                at: audience)
        }
    }

    private func warnOfLastingKeys() {
        for (member, key) in zip(root["api_keys"]?["keys"]?.members ?? [], configuration.apiKeys?.keys ?? []) {
            guard let expiry = key.expiry else {
                problems.report(
                    "the key \"\(key.name)\" is good for ever; give it a day in \"expires\"", as: .lastingKey,
                    at: member.nameRange, pointer: member.value.pointer)
                continue
            }
            guard expiry <= now, let written = member.value["expires"] else { continue }
            problems.report("the key \"\(key.name)\" has expired", as: .expiredKey, at: written)
        }
    }

    private func warnOfUnusedScopes() {
        var used = Set(configuration.roles.flatMap(\.scopes).map { ExactText($0) })
        for route in configuration.routes {
            guard case .restricted(let requirement) = route.access else { continue }
            for scope in requirement.scopes + requirement.anyScopes.flatMap(\.self) { used.insert(ExactText(scope)) }
        }
        for scope in root["scopes"]?.members ?? [] where !used.contains(ExactText(scope.name)) {
            problems.report(
                "no route requires the scope \"\(scope.name)\", and no role grants it", as: .unusedScope,
                at: scope.nameRange, pointer: scope.value.pointer)
        }
    }

    private func warnOfUnusedRoles() {
        var used = Set(configuration.roles.flatMap(\.includes).map { ExactText($0) })
        for route in configuration.routes {
            guard case .restricted(let requirement) = route.access else { continue }
            for role in requirement.roles { used.insert(ExactText(role)) }
        }
        for (member, role) in zip(root["roles"]?.members ?? [], configuration.roles)
        where role.scopes.isEmpty && role.includes.isEmpty && !used.contains(ExactText(role.name)) {
            problems.report(
                "the role \"\(role.name)\" grants nothing, and no route asks for it", as: .unusedRole,
                at: member.nameRange, pointer: member.value.pointer)
        }
    }

    private func warnOfMistypedMethods() {
        let standard: [Method] = [.get, .head, .post, .put, .delete, .patch, .options]
        for settings in (root["routes"]?.elements ?? []) + [root["route_defaults"]].compactMap(\.self) {
            for method in settings["methods"]?.elements ?? [] {
                guard let name = method.string, case .other? = try? Method(checking: name),
                    let meant = nearestWord(to: name, among: standard.map(\.name))
                else { continue }
                problems.report(
                    "\"\(name)\" is a method of its own", as: .mistypedMethod, at: method, suggestion: meant)
            }
        }
    }

    static func warnOfInlineSecrets(in cursor: Cursor, _ shape: Shape, _ problems: ProblemCollector) {
        guard shape.holdsSecrets else { return }
        switch shape {
        case .secret where cursor.string != nil:
            problems.report(
                "whoever reads this file reads this secret; write {\"file\": \"…\"} or {\"env\": \"…\"}",
                as: .inlineSecret, at: cursor, quotesValue: false)
        case .object(let object):
            for member in cursor.members {
                if let key = object[member.name] { warnOfInlineSecrets(in: member.value, key.shape, problems) }
            }
        case .list(let element), .path(let element, _):
            for value in cursor.elements { warnOfInlineSecrets(in: value, element, problems) }
        case .map(let value, _):
            for member in cursor.members { warnOfInlineSecrets(in: member.value, value, problems) }
        case .either(let shapes):
            if let fitting = shapes.first(where: { $0.fits(cursor.node.value) }) {
                warnOfInlineSecrets(in: cursor, fitting, problems)
            }
        default: break
        }
    }

    /// Only what the route says itself: a default is for the others.
    private func warnOfNeedlessOutliving(_ cursor: Cursor, _ route: RouteConfiguration) {
        guard let written = cursor["outlive_token"], route.outlivesToken, route.isShadow || route.access == .everyone
        else { return }
        problems.report(
            "no token ends a stream on a \(route.isShadow ? "shadow" : "public") route", as: .withoutEffect,
            at: cursor.nameRange(of: "outlive_token"), pointer: written.pointer)
    }

    private func warnOfShadow(_ cursor: Cursor) {
        let place = cursor["shadow"] ?? root["route_defaults"]?["shadow"] ?? cursor
        problems.report(
            "everyone may use the route \"\(cursor["id"]?.string ?? "")\": a denial is only logged", as: .shadowRoute,
            at: place.node.range, pointer: place.pointer)
    }
}
