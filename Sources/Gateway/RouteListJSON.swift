import Authorization
import Bytes
package import Configuration
import HTTP
import Routing
import StrictJSON

extension RouteList {
    /// All routes of a configuration as JSON; see `json`.
    package static func json(of configuration: GatewayConfiguration) -> [UInt8] {
        RouteList(of: configuration).json
    }

    /// The list as a JSON array with a line for each route.
    ///
    /// Keys are those of `gateway.json`, completed by the defaults, and `line` and `column`; times are in milliseconds and
    /// sizes in bytes. Null stands for what is not said: every host, every method, no limit.
    package var json: [UInt8] {
        var output: [UInt8] = []
        output.append("[")
        for (index, route) in routes.enumerated() {
            output.append(index == 0 ? "\n  " : ",\n  ")
            let members = route.members + (isDecided ? route.decision : [])
            output.append(JSONValue.members(members).line.span)
        }
        output.append(routes.isEmpty ? "]\n" : "\n]\n")
        return output
    }
}

private typealias Members = [(String, JSONValue)]

extension ListedRoute {
    fileprivate var members: Members {
        var members: Members = [
            ("id", .string(id)),
            ("line", value(configured?.line)),
            ("column", value(configured?.column)),
            ("host", value(configured?.host?.description)),
            ("path", .string(path)),
            ("trailing_slash", .string(configured?.ignoresTrailingSlash == true ? "either" : "exact")),
            ("methods", value(methods?.map(\.name))),
        ]
        members += access.members
        guard let configured else { return members }
        return members + [
            ("issuers", value(configured.issuers)),
            ("upstream", .string(configured.upstream)),
            ("upstream_host", value(configured.upstreamHost.text)),
            ("rewrite", value(configured.rewrite.map { [$0.prefix, $0.replacement] })),
            ("authorization_header", .string(configured.passesAuthorization ? "pass" : "strip")),
            ("allow", value(configured.allow.map(\.rawValue).sorted())),
            ("timeout", .integer(configured.timeout.milliseconds)),
            ("idle_timeout", .integer(configured.idleTimeout.milliseconds)),
            ("stream_idle_timeout", .integer(configured.streamIdleTimeout.milliseconds)),
            ("outlive_token", .bool(configured.outlivesToken)),
            ("max_body", value(configured.maximumBody)),
            ("identity_headers", value(configured.identityHeaders)),
            ("cors", configured.crossOrigin.map { .members($0.members) } ?? .null),
            ("shadow", .bool(configured.isShadow)),
        ]
    }

    /// Whether the holder is permitted, and what is missing.
    fileprivate var decision: Members {
        let members: Members = [
            ("permitted", .bool(isPermitted)), ("reason", value(denial.map { $0.reason.description })),
        ]
        return switch denial {
        case .insufficientScope(_, let missing): members + [("missing_scopes", value(missing))]
        case .insufficientRole(let required): members + [("missing_any_role", value(required))]
        case .notAuthenticated, nil: members
        }
    }
}

extension AccessConfiguration {
    fileprivate var members: Members {
        switch self {
        case .everyone: return [("public", .bool(true))]
        case .authenticated: return [("authenticated", .bool(true))]
        case .restricted(let requirement):
            let members: Members = [
                ("scopes", value(requirement.scopes)),
                ("any_scopes", .elements(requirement.anyScopes.map { value($0) })),
                ("roles", value(requirement.roles)),
            ]
            return members.filter { if case .array(let elements) = $1 { !elements.isEmpty } else { true } }
        }
    }
}

extension UpstreamHostConfiguration {
    fileprivate var text: String? {
        switch self {
        case .client: nil
        case .upstream: "upstream"
        case .literal(let host): host
        }
    }
}

extension CrossOriginConfiguration {
    fileprivate var members: Members {
        [
            ("origins", value(origins)), ("headers", value(headers)), ("expose", value(exposed)),
            ("credentials", .bool(allowsCredentials)), ("max_age", value(maximumAge?.milliseconds)),
        ]
    }
}

private func value(_ headers: [IdentityHeaderConfiguration]) -> JSONValue {
    if headers.isEmpty { return .null }
    return .members(
        headers.map { header in
            switch header.source {
            case .part(let part): (header.name, .string(part.rawValue))
            case .claim(let path): (header.name, value(path))
            }
        })
}

private func value(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

private func value(_ number: Int?) -> JSONValue { number.map { .integer($0) } ?? .null }

private func value(_ texts: [String]?) -> JSONValue { texts.map { .elements($0.map { .string($0) }) } ?? .null }

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
