import Configuration
import Routing

/// The routes as the servers of one upstream see them.
struct UpstreamView {
    /// All routes, where the servers take several paths for the same; nil where they do not (security.md, rule 1).
    let folded: FoldedRouteTable<Int>?
    /// The routes of this upstream alone, as they are written and as its servers see them; none if no route to it
    /// rewrites (security.md, rule 3).
    let own: [FoldedRouteTable<Int>]

    /// - Parameters:
    ///   - upstream: which upstream.
    ///   - routes: all routes; their targets are their positions in the configuration.
    ///   - isOwn: whether the route at a position leads to this upstream.
    ///   - rewrites: whether one of these rewrites.
    /// - Throws: `RouteConflicts`, if its servers would confuse two routes of this upstream.
    init(
        of upstream: UpstreamConfiguration, routes: [Route<Int>], isOwn: (Int) -> Bool, rewrites: Bool
    ) throws(RouteConflicts) {
        let folding = upstream.folding
        let ownRoutes = folding.isEmpty && !rewrites ? [] : routes.filter { isOwn($0.target) }
        folded =
            folding.isEmpty
            ? nil : try FoldedRouteTable(ownRoutes, besides: routes.filter { !isOwn($0.target) }, folding: folding)
        var own: [FoldedRouteTable<Int>] = []
        if rewrites {
            own.append(try FoldedRouteTable(ownRoutes, folding: []))
            if !folding.isEmpty { own.append(try FoldedRouteTable(ownRoutes, folding: folding)) }
        }
        self.own = own
    }
}
