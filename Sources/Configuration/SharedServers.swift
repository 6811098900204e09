import Routing
import StrictJSON

/// Finds upstreams that name one server and do not agree on what it takes for the same in paths.
struct SharedServers {
    let problems: ProblemCollector

    /// - Parameters:
    ///   - root: the file.
    ///   - upstreams: what `root.upstreams` mean.
    func check(_ root: Cursor, upstreams: [UpstreamConfiguration]) {
        var known: [Set<SocketAddressConfiguration>: (line: Int, folding: PathFolding)] = [:]
        for (cursor, upstream) in zip(root.upstreams, upstreams) {
            guard let server = cursor["servers"]?.elements.first, !upstream.destination.isEmpty else { continue }
            guard let first = known[upstream.destination] else {
                known[upstream.destination] = (problems.line(of: server), upstream.folding)
                continue
            }
            for (key, folding) in [("case_insensitive_paths", .letterCase), ("ignores_trailing_slash", .trailingSlash)]
                as [(String, PathFolding)]
            where first.folding.contains(folding) != upstream.folding.contains(folding) {
                problems.report(
                    "the upstream on line \(first.line) leads to this server, too, but they differ in \"\(key)\"",
                    as: .contradiction, at: server)
            }
        }
    }
}

extension Cursor {
    /// The upstreams of a whole file: those with a name and then those inside `route_defaults` and routes, in the order of
    /// the file.
    var upstreams: [Cursor] {
        let inside = [self["route_defaults"]].compactMap(\.self) + (self["routes"]?.elements ?? [])
        return (self["upstreams"]?.members.map(\.value) ?? [])
            + inside.compactMap { $0["upstream"] }.filter { $0.node.object != nil }
    }
}
