import AccessLog
import Bytes
import HTTP

/// `/livez`: whether the process still serves, for load balancers; says nothing of upstreams.
extension Exchange {
    var isForLiveness: Bool {
        let path = request.target.path
        return path.span.equals("/livez")
    }

    /// Answers without a route: also while draining, and beyond the limit of connections, because neither is a reason to
    /// start the process anew.
    ///
    /// - Throws: `.methodNotAllowed` for anything but GET and HEAD.
    func answerLiveness(on client: Connection) async throws(Refusal) {
        record.set(.route, to: "gateway.livez")
        guard request.method == .get || request.method == .head else { throw .methodNotAllowed([.get, .head]) }
        record.reason = .public
        await answer(200, text: "ok\n", on: client)
    }
}
