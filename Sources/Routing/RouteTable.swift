package import HTTP

/// A route as the table takes it: when it applies, and what is found then.
package struct Route<Target: Sendable>: Sendable {
    /// The hosts it is for; nil for every host and for none.
    package let host: HostPattern?
    /// The template that paths are matched with.
    package let pattern: RoutePattern
    /// Whether the path matches with and without a trailing slash.
    package let ignoresTrailingSlash: Bool
    /// The methods it is for.
    package let methods: MethodSet
    /// What is found.
    package let target: Target

    /// Makes a route.
    ///
    /// - Parameters:
    ///   - host: the hosts it is for; nil for every host and for none.
    ///   - pattern: the paths it is for.
    ///   - ignoresTrailingSlash: whether the path matches with and without a trailing slash.
    ///   - methods: the methods it lets in.
    ///   - target: what a match returns.
    package init(
        host: HostPattern? = nil, pattern: RoutePattern, ignoresTrailingSlash: Bool = false,
        methods: MethodSet = .all, target: Target
    ) {
        self.host = host
        self.pattern = pattern
        self.ignoresTrailingSlash = ignoresTrailingSlash
        self.methods = methods
        self.target = target
    }
}

/// What the table says about a request.
package enum RouteMatch<Target> {
    case found(Target)
    /// The path has routes, but none for the method; these are the methods that it has.
    case methodNotAllowed([Method])
    case none
}

extension RouteMatch: Sendable where Target: Sendable {}

/// Finds the route for a request: by host, then by path, then by method.
///
/// Exact hosts come before wildcards before routes without a host; in a path, segment by segment and with full
/// backtracking, literals before `{name}` before `{name...}`. The path found this way owns the request: where its routes lack
/// the method, nothing else is looked for. The cost does not depend on the number of routes.
package struct RouteTable<Target: Sendable>: Sendable {
    @usableFromInline let index: RouteIndex
    @usableFromInline let targets: [Target]

    /// Builds the table.
    ///
    /// - Parameter routes: in any order.
    /// - Throws: `RouteConflicts`, if some request could have been meant for two of them.
    package init(_ routes: [Route<Target>]) throws(RouteConflicts) {
        var builder = RouteIndexBuilder()
        for (number, route) in routes.enumerated() {
            builder.add(route.pattern, host: route.host, methods: route.methods, number: number)
            if route.ignoresTrailingSlash, let twin = route.pattern.withOtherTrailingSlash {
                builder.add(twin, host: route.host, methods: route.methods, number: number)
            }
        }
        index = try builder.finish()
        targets = routes.map(\.target)
    }

    /// Finds the route for a request, without allocating.
    ///
    /// - Parameters:
    ///   - host: the canonical host; nil or empty if the request has none.
    ///   - path: the canonical path, or `*`.
    ///   - method: the request's method.
    /// - Returns: the target of the route that owns the request.
    @inlinable
    package func match(host: Span<UInt8>?, path: Span<UInt8>, method: Method) -> RouteMatch<Target> {
        switch index.match(host: host, path: path, method: method) {
        case .found(let number): .found(targets[number])
        case .methodNotAllowed(let methods): .methodNotAllowed(methods)
        case .none: .none
        }
    }
}

/// Pairs of routes of which each could be chosen for the same request.
package struct RouteConflicts: Error, Equatable {
    /// Two positions in the list of routes.
    package struct Pair: Hashable, Sendable {
        /// One of them.
        package let first: Int
        /// The other.
        package let second: Int

        /// Makes a pair.
        ///
        /// - Parameters:
        ///   - first: a position in the list of routes.
        ///   - second: another.
        package init(first: Int, second: Int) {
            self.first = first
            self.second = second
        }
    }

    /// All of them.
    package let pairs: [Pair]
}
