import Routing

/// The built-in paths that a file asks for, and where it does.
struct WrittenBuiltInPaths {
    private let entries: [(path: BuiltInPath, place: Cursor)]
    private let problems: ProblemCollector

    init(in root: Cursor, _ problems: ProblemCollector) {
        self.problems = problems
        var entries: [(BuiltInPath, Cursor)] = []
        if let listener = root["listeners"]?.elements.first(where: { $0["livez"]?.boolean == true }) {
            entries.append((.liveness, listener))
        }
        let publishing = root["listeners"]?.elements.filter { $0["resource_metadata"]?.boolean != false }
        if let place = publishing?.lazy.compactMap({ $0["external_url"] }).first {
            entries.append((.resourceMetadata, place))
        }
        for issuer in root["issuers"]?.members ?? [] {
            guard let place = issuer.value["token_endpoint"]?["path"], let path = place.string else { continue }
            entries.append((.keySet, place))
            entries.append((.token(path: path), place))
        }
        self.entries = entries
    }

    /// Reports built-in paths that are the same.
    func reportClashes() {
        for (index, entry) in entries.enumerated() {
            guard case .token(let path) = entry.path, let pattern = try? RoutePattern(path),
                let other = entries[..<index].first(where: { $0.path.owns(pattern) })
            else { continue }
            problems.report("\"\(other.path.id)\" has this path already", as: .routeConflict, at: entry.place)
        }
    }

    /// Reports a route whose path is a built-in one; a template that would only cover it is good.
    func reportClash(with settings: RouteSettings) {
        guard let path = settings.own["path"], let text = path.string, let pattern = try? RoutePattern(text) else {
            return
        }
        var patterns = [pattern]
        if settings["trailing_slash"]?.string == "either", let twin = pattern.withOtherTrailingSlash {
            patterns.append(twin)
        }
        guard let clash = entries.first(where: { patterns.contains(where: $0.path.owns) }) else { return }
        let remedy = clash.path == .resourceMetadata ? "; \"resource_metadata\": false there leaves it to routes" : ""
        problems.report(
            "the gateway answers \"\(clash.path.path)\" itself, because of line \(problems.line(of: clash.place))"
                + remedy,
            as: .routeConflict, at: path)
    }
}

extension BuiltInPath {
    /// Whether every path of a template is answered by the gateway itself.
    fileprivate func owns(_ pattern: RoutePattern) -> Bool {
        guard let own = try? RoutePattern(path) else { return false }
        return includesPathsBelow ? pattern.segments.starts(with: own.segments) : pattern.segments == own.segments
    }
}
