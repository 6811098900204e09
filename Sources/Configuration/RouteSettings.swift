import HTTP
import Routing

/// The keys of a route, completed by `route_defaults`.
struct RouteSettings {
    let own: Cursor
    let defaults: Cursor?

    /// The value of `name` in the route, or else the default.
    subscript(name: String) -> Cursor? { own[name] ?? defaults?[name] }

    /// Who may use the route; nil if that is not said.
    var access: AccessConfiguration? {
        let fields = AccessFields(own)
        return (defaults.map { fields.completed(by: AccessFields($0)) } ?? fields).access
    }

    var isPublic: Bool { access == .everyone }

    var host: HostPattern? { self["host"]?.string.flatMap { try? HostPattern($0) } }

    /// The methods for a route of `pattern`: all by default, but only OPTIONS for `*`.
    func methods(of pattern: RoutePattern) -> MethodSet {
        guard let list = self["methods"]?.strings else { return pattern.isAsterisk ? MethodSet([.options]) : .all }
        return MethodSet(list.compactMap { try? Method(checking: $0) })
    }

    /// Whether host and methods are valid.
    var isComparable: Bool {
        let methods = self["methods"]
        let areValid = methods?.elements.allSatisfy { $0.string.map { (try? Method(checking: $0)) != nil } ?? false }
        return (self["host"] == nil || host != nil) && (methods == nil || methods?.strings != nil && areValid == true)
    }

    var rewrite: RewriteConfiguration? {
        guard let rewrite = self["rewrite"] else { return nil }
        if let prefix = rewrite["strip_prefix"]?.string { return RewriteConfiguration(prefix: prefix, replacement: "") }
        guard let pair = rewrite["replace_prefix"]?.strings, pair.count == 2 else { return nil }
        return RewriteConfiguration(prefix: pair[0], replacement: pair[1])
    }

    var upstreamHost: UpstreamHostConfiguration {
        switch self["upstream_host"]?.string {
        case nil: .client
        case "upstream"?: .upstream
        case let literal?: .literal(literal)
        }
    }
}
