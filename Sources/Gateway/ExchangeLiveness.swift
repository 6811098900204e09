import AccessLog
import Bytes
import HTTP

/// `/livez`: whether the process still serves, for load balancers; says nothing of upstreams.
extension ListenerSettings {
    /// What the log calls it.
    static let livenessRoute = "gateway.livez"

    /// Whether the gateway answers the request without looking for a route.
    func answersItself(_ request: borrowing Request) -> Bool {
        guard answersLiveness else { return false }
        let path = request.target.path
        return path.span.equals("/livez")
    }

    /// - Throws: `.methodNotAllowed` for anything but GET and HEAD.
    func checkLiveness(_ request: borrowing Request) throws(Refusal) {
        guard request.method == .get || request.method == .head else { throw .methodNotAllowed([.get, .head]) }
    }
}

extension Exchange {
    /// Answers without a route: also while draining, and beyond the limit of connections, because neither is a reason to
    /// start the process anew.
    ///
    /// - Throws: `.methodNotAllowed` for anything but GET and HEAD.
    func answerLiveness(on client: Connection) async throws(Refusal) {
        record.set(.route, to: ListenerSettings.livenessRoute)
        try client.listener.checkLiveness(request)
        record.reason = .public
        await answer(200, text: "ok\n", on: client)
    }
}
