package import AccessLog
import Configuration
import HTTP
package import StrictJSON

/// What is decided about a request, in the words of the access log.
package struct DecisionOutcome: Sendable {
    /// What was decided.
    package let decision: Decision
    /// Why.
    package let reason: Reason
    /// What a shadow route would have refused the request for; nil if nothing.
    package let wouldDeny: Reason?
    /// The status that the gateway answers with; nil where the upstream has the say.
    package let status: Int?
    /// What the body of the answer says; nil where the gateway refuses nothing.
    package let detail: String?
    /// `WWW-Authenticate`, or nil.
    package let challenge: String?
    /// The id of the route; nil if none was found.
    package let route: String?
    /// The upstream that the request would go to; nil if it would go to none.
    package let upstream: String?
    /// The path that the upstream would see, or nil.
    package let upstreamPath: String?

    init(_ decided: Explainer.Decided, by explainer: Explainer) {
        let route = decided.verdict.route
        self.route = decided.builtIn?.id ?? route?.id
        if let refusal = decided.refusal {
            decision = refusal.decision
            reason = refusal.reason
            (status, challenge) = explainer.answer(to: refusal, on: route)
            detail = refusal.detail
            upstream = nil
            upstreamPath = nil
        } else {
            decision = .allow
            reason = decided.builtIn == nil ? decided.verdict.reason : .public
            status = decided.builtIn == nil ? nil : 200
            challenge = nil
            detail = nil
            upstream = route?.upstreamName
            upstreamPath =
                route.map { _ in
                    String(decoding: decided.verdict.rewrittenPath ?? decided.target.path, as: UTF8.self)
                }
        }
        wouldDeny = decided.verdict.wouldDeny
    }

    /// The outcome as JSON members; what is absent is left out.
    package var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [
            ("decision", .string(decision.word.description)), ("reason", .string(reason.rawValue)),
        ]
        func add(_ name: String, _ text: String?) { if let text { members.append((name, .string(text))) } }
        add("would_deny", wouldDeny?.rawValue)
        if let status { members.append(("status", .integer(status))) }
        add("route", route)
        add("upstream", upstream)
        add("upstream_path", upstreamPath)
        add("detail", detail)
        add("challenge", challenge)
        return members
    }
}
