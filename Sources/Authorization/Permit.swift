/// The right to forward one request, given by `Policy` and by nothing else.
///
/// It cannot be copied or made elsewhere: forwarding consumes it, so that no request is forwarded without a decision,
/// and none twice for one.
package struct Permit: ~Copyable {
    /// The route that it was given for: its position in the policy.
    package let route: Int
    /// The upstream that it was given for: the number that the policy was given for the route.
    package let upstream: Int

    /// - Parameters:
    ///   - route: the position of the route.
    ///   - upstream: the number of the upstream.
    init(route: Int, upstream: Int) {
        self.route = route
        self.upstream = upstream
    }
}
