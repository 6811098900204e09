import Configuration
import HTTP
import Routing

/// The routes as one server sees them, by whatever upstreams they lead to it.
struct ServerView {
    /// All routes, where the server takes several paths for the same; nil where it does not (security.md, rule 1).
    let folded: FoldedRouteTable<Int>?
    /// The routes to this server alone, as they are written and as the server sees them; none if no route to it rewrites
    /// (security.md, rule 3).
    private let own: [FoldedRouteTable<Int>]
    /// What these routes tell apart by host: every host that one of them names, and the empty one for all others. A
    /// wildcard stands for the hosts that it alone is for, since no exact host holds a `*`.
    private let hosts: [[UInt8]]

    /// Builds the views.
    ///
    /// - Parameters:
    ///   - configuration: the upstreams.
    ///   - routes: all routes; their targets are their positions in the configuration.
    ///   - upstreams: where these lead, by position.
    /// - Returns: the view of the server of each upstream, in the order of the configuration.
    /// - Throws: `RouteConflicts`, if a server would confuse two of its routes.
    static func views(
        in configuration: GatewayConfiguration, of routes: [Route<Int>], leadingTo upstreams: [Int]
    ) throws(RouteConflicts) -> [ServerView] {
        let destinations = configuration.upstreams.map(\.destination)
        let routesByDestination = Dictionary(grouping: routes) { destinations[upstreams[$0.target]] }
        // What one upstream declares holds for the server, by whatever name it is reached.
        var foldings: [Set<SocketAddressConfiguration>: PathFolding] = [:]
        for upstream in configuration.upstreams {
            foldings[upstream.destination, default: []].formUnion(upstream.folding)
        }
        var views: [Set<SocketAddressConfiguration>: ServerView] = [:]
        for (destination, folding) in foldings {
            let own = routesByDestination[destination] ?? []
            views[destination] = try ServerView(
                of: own, among: routes, folding: folding,
                rewrites: own.contains { configuration.routes[$0.target].rewrite != nil })
        }
        return destinations.compactMap { views[$0] }
    }

    private init(
        of ownRoutes: [Route<Int>], among routes: [Route<Int>], folding: PathFolding, rewrites: Bool
    ) throws(RouteConflicts) {
        if folding.isEmpty {
            folded = nil
        } else {
            let numbers = Set(ownRoutes.map(\.target))
            folded = try FoldedRouteTable(
                ownRoutes, besides: routes.filter { !numbers.contains($0.target) }, folding: folding)
        }
        var own: [FoldedRouteTable<Int>] = []
        if rewrites {
            own.append(try FoldedRouteTable(ownRoutes, folding: []))
            if !folding.isEmpty { own.append(try FoldedRouteTable(ownRoutes, folding: folding)) }
        }
        self.own = own
        hosts = [[]] + Set(ownRoutes.compactMap(\.host)).map { Array($0.description.utf8) }
    }

    /// Looks for the routes to this server that a path may belong to, under every host: the upstream may see another than
    /// the client wrote, and many servers look at none.
    ///
    /// - Parameters:
    ///   - path: a rewritten path, in one of its readings.
    ///   - method: the request's method.
    ///   - predicate: what is found under each host must satisfy it.
    /// - Returns: whether everything does.
    func everyOwner(of path: [UInt8], _ method: Method, satisfies predicate: (RouteMatch<Int>) -> Bool) -> Bool {
        own.allSatisfy { table in
            hosts.allSatisfy { host in
                predicate(table.match(host: host.span, path: path, method: method))
            }
        }
    }
}
