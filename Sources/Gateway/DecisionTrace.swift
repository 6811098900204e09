import Authentication
import HTTP
import Routing

/// How the evaluator came to its decision, for whoever wants it explained; requests that are served have none.
///
/// The steps of the walk write into it what they looked at, so that an explanation cannot say anything else than what was
/// decided.
final class DecisionTrace {
    /// A path that was looked up besides the canonical one.
    struct Lookup {
        let path: [UInt8]
        let match: RouteMatch<Int>
        /// Whether the walk could go on.
        let isGood: Bool
    }

    /// What the canonical path finds; nil before the routes were asked.
    var match: RouteMatch<Int>?
    /// What the other readings of the path find, up to the first that leads elsewhere.
    var readings: [Lookup] = []
    /// What the rewritten path finds among the routes of the same upstream, up to the first that conflicts.
    var rewrites: [Lookup] = []
    /// What a shadow route would have refused the request for.
    var shadowed: Refusal?
    /// What was found out about the token.
    let token = TokenExamination()
}
