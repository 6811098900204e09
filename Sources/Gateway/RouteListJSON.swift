import Authorization
import Bytes
package import Configuration
import HTTP
import Routing

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
            var object = RouteObject()
            object.append(route)
            if isDecided { object.append(decision: route) }
            output.append(object.finish().span)
        }
        output.append(routes.isEmpty ? "]\n" : "\n]\n")
        return output
    }
}

/// Writes one route as a JSON object.
private struct RouteObject {
    private var output: [UInt8] = []

    mutating func append(_ route: ListedRoute) {
        let configured = route.configured
        append("id", route.id)
        append("line", configured?.line)
        append("column", configured?.column)
        append("host", configured?.host?.description)
        append("path", route.path)
        append("trailing_slash", configured?.ignoresTrailingSlash == true ? "either" : "exact")
        append("methods", route.methods?.map(\.name))
        append(route.access)
        guard let configured else { return }
        append("issuers", configured.issuers)
        append("upstream", configured.upstream)
        append("upstream_host", configured.upstreamHost)
        if let rewrite = configured.rewrite {
            append("rewrite", [rewrite.prefix, rewrite.replacement])
        } else {
            append("rewrite", String?.none)
        }
        append("authorization_header", configured.passesAuthorization ? "pass" : "strip")
        append("allow", configured.allow.map(\.rawValue).sorted())
        append("timeout", configured.timeout.milliseconds)
        append("idle_timeout", configured.idleTimeout.milliseconds)
        append("max_body", configured.maximumBody)
        append("shadow", configured.isShadow)
    }

    /// Appends whether the holder is permitted, and what is missing.
    mutating func append(decision route: ListedRoute) {
        append("permitted", route.isPermitted)
        append("reason", route.denial.map { $0.reason.description })
        switch route.denial {
        case .insufficientScope(_, let missing): append("missing_scopes", missing)
        case .insufficientRole(let required): append("missing_any_role", required)
        case .notAuthenticated, nil: break
        }
    }

    mutating func finish() -> [UInt8] {
        output.append("}")
        return output
    }

    private mutating func append(_ access: AccessConfiguration) {
        switch access {
        case .everyone: append("public", true)
        case .authenticated: append("authenticated", true)
        case .restricted(let requirement):
            if !requirement.scopes.isEmpty { append("scopes", requirement.scopes) }
            if !requirement.anyScopes.isEmpty {
                appendName("any_scopes")
                appendList(requirement.anyScopes) { $0.appendList($1) { $0.appendText($1) } }
            }
            if !requirement.roles.isEmpty { append("roles", requirement.roles) }
        }
    }

    private mutating func append(_ name: StaticString, _ host: UpstreamHostConfiguration) {
        switch host {
        case .client: append(name, String?.none)
        case .upstream: append(name, "upstream")
        case .literal(let host): append(name, host)
        }
    }

    private mutating func append(_ name: StaticString, _ text: String?) {
        appendName(name)
        if let text { appendText(text) } else { output.append("null") }
    }

    private mutating func append(_ name: StaticString, _ texts: [String]?) {
        appendName(name)
        if let texts { appendList(texts) { $0.appendText($1) } } else { output.append("null") }
    }

    private mutating func append(_ name: StaticString, _ number: Int?) {
        appendName(name)
        if let number { output.append(decimal: number) } else { output.append("null") }
    }

    private mutating func append(_ name: StaticString, _ truth: Bool) {
        appendName(name)
        output.append(truth ? "true" : "false")
    }

    private mutating func appendName(_ name: StaticString) {
        output.append(output.isEmpty ? "{\"" : ",\"")
        output.append(name)
        output.append("\":")
    }

    private mutating func appendList<Element>(_ elements: [Element], _ append: (inout RouteObject, Element) -> Void) {
        output.append("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(",") }
            append(&self, element)
        }
        output.append("]")
    }

    private mutating func appendText(_ text: String) {
        output.append("\"")
        output.append(jsonText: text.utf8.span)
        output.append("\"")
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
