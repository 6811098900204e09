import AccessLog
import Authentication
import Authorization
import HTTP

/// What the walk found out about a request, as far as it got; not a right to forward anything.
struct Verdict {
    var route: GatewayRoute?
    /// Nil if nobody was recognised.
    var principal: Principal?
    /// Why a route that is not a shadow route would have refused the request; nil if it would not have.
    var wouldDeny: Reason?
    /// The path that the upstream sees, where the route rewrites it.
    var rewrittenPath: [UInt8]?

    /// Why the request is permitted, if it is.
    var reason: Reason {
        if wouldDeny != nil { return .shadow }
        return route?.isPublic == true ? .public : .allowed
    }
}

extension Evaluator {
    /// The walk: match, authenticate, authorize, rewrite; each step needs what the one before returned.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - listener: where it came.
    ///   - now: seconds since 1970.
    ///   - status: what the issuer says of the token, where that was asked for.
    ///   - verdict: receives what is found out, also where the request is refused.
    ///   - trace: receives how; nil where nobody wants to know.
    /// - Returns: the right to forward the request.
    /// - Throws: why it is refused.
    func decide(
        _ request: borrowing Request, at listener: ListenerSettings, now: Int, knowing status: TokenStatus? = nil,
        into verdict: inout Verdict, tracing trace: DecisionTrace? = nil
    ) throws(Refusal) -> Permit {
        let route = try match(request, tracing: trace)
        verdict.route = route
        let permit: Permit
        do throws(Refusal) {
            verdict.principal = try authenticate(
                request, on: route, at: listener, now: now, knowing: status, tracing: trace)
            permit = try authorize(verdict.principal, on: route)
        } catch {
            guard error.isJudgement, let shadow = shadowPermit(on: route) else { throw error }
            permit = shadow
            verdict.wouldDeny = error.reason
            if let trace { trace.shadowed = error }
        }
        verdict.rewrittenPath = try rewrite(request, along: route, for: verdict.principal, tracing: trace)
        return permit
    }
}
