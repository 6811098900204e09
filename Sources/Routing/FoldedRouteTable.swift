package import HTTP

/// Finds the routes of requests as a server would that takes several paths for the same: templates and paths are compared
/// in their folded form.
package struct FoldedRouteTable<Target: Sendable>: Sendable {
    private let table: RouteTable<Target>
    private let folding: PathFolding
    /// Whether some template is not as it was written.
    private let hasFoldedPattern: Bool

    /// Builds the table.
    ///
    /// - Parameters:
    ///   - routes: those that lead to the server.
    ///   - others: the routes besides. Where one of them cannot be told from one before it any more, it is left out: the
    ///     one that stays is found where its path is meant, and that is all that a comparison needs.
    ///   - folding: what the server takes for the same.
    /// - Throws: `RouteConflicts`, if two of `routes` cannot be told apart any more; with their positions.
    package init(
        _ routes: [Route<Target>], besides others: [Route<Target>] = [], folding: PathFolding
    ) throws(RouteConflicts) {
        var folded: [Route<Target>] = []
        var owners: [Int] = []
        var hasFoldedPattern = false
        for (number, route) in (routes + others).enumerated() {
            var patterns: [RoutePattern] = []
            let twin = route.ignoresTrailingSlash ? route.pattern.withOtherTrailingSlash : nil
            for written in [route.pattern] + (twin.map { [$0] } ?? []) {
                let pattern = folding.fold(written)
                if pattern.segments != written.segments { hasFoldedPattern = true }
                if patterns.contains(where: { $0.segments == pattern.segments }) { continue }
                patterns.append(pattern)
                owners.append(number)
                folded.append(
                    Route(host: route.host, pattern: pattern, methods: route.methods, target: route.target))
            }
        }
        self.folding = folding
        self.hasFoldedPattern = hasFoldedPattern
        table = try Self.table(folded, owners: owners, ownCount: routes.count)
    }

    private static func table(
        _ routes: [Route<Target>], owners: [Int], ownCount: Int
    ) throws(RouteConflicts) -> RouteTable<Target> {
        let conflicts: [RouteConflicts.Pair]
        do throws(RouteConflicts) {
            return try RouteTable(routes)
        } catch {
            conflicts = error.pairs
        }
        let own = conflicts.filter { owners[$0.second] < ownCount }
        guard own.isEmpty else {
            let pairs = Set(own.map { RouteConflicts.Pair(first: owners[$0.first], second: owners[$0.second]) })
            throw RouteConflicts(pairs: pairs.sorted { ($0.first, $0.second) < ($1.first, $1.second) })
        }
        let dropped = Set(conflicts.map(\.second))
        return try RouteTable(routes.enumerated().filter { !dropped.contains($0.offset) }.map(\.element))
    }

    /// Whether the path may find something else here than in the table of the routes as they were written.
    package func distinguishes(_ path: [UInt8]) -> Bool {
        hasFoldedPattern || folding.mayChange(path)
    }

    /// Finds the route for a request; allocates.
    ///
    /// - Parameters:
    ///   - host: the canonical host; nil or empty if the request has none.
    ///   - path: the canonical path, or `*`.
    ///   - method: the request's method.
    /// - Returns: the target of the route that owns the request.
    package func match(host: Span<UInt8>?, path: [UInt8], method: Method) -> RouteMatch<Target> {
        table.match(host: host, path: folding.fold(path).span, method: method)
    }
}
