package import Authorization
package import Configuration
package import HTTP
import Routing

/// A route as it is listed: one of the configuration, or one that is built in.
package struct ListedRoute: Sendable {
    /// The unique name.
    package let id: String
    /// The template that paths are matched with.
    package let path: String
    /// The methods it is for; nil for every method but `CONNECT` and `TRACE`.
    package let methods: [Method]?
    /// Who may use it.
    package let access: AccessConfiguration
    /// Everything else about it; nil where it is built in.
    package let configured: RouteConfiguration?
    /// What the holder lacks that the list was made for; nil if nothing, or if it was made for nobody.
    package let denial: Denial?

    /// Whether requests of the holder are forwarded: a shadow route only notes what it would have denied.
    package var isPermitted: Bool { denial == nil || configured?.isShadow == true }

    init(_ route: RouteConfiguration, denial: Denial? = nil) {
        id = route.id
        path = route.pattern.template
        methods = route.methods == .all ? nil : route.methods.methods
        access = route.access
        configured = route
        self.denial = denial
    }

    private init(_ path: BuiltInPath) {
        id = path.id
        self.path = path.path
        methods = path.methods
        access = .everyone
        configured = nil
        denial = nil
    }

    /// The paths that the gateway itself answers.
    static func builtIn(in configuration: GatewayConfiguration) -> [ListedRoute] {
        configuration.builtInPaths.map(ListedRoute.init)
    }
}
