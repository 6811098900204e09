import AccessLog
import Bytes
import HTTP

extension Exchange {
    /// Answers a preflight (Fetch §3.2.2): it carries no credential, and nothing of it reaches the upstream.
    ///
    /// - Parameters:
    ///   - method: the method that it asks about.
    ///   - route: the route that such a request would find.
    ///   - client: who asked.
    func answerPreflight(about method: Method, on route: GatewayRoute, of client: Client) async {
        self.route = route
        record.reason = .public
        var lines: [UInt8] = []
        route.crossOrigin?.appendPreflightLines(about: method, for: request.fields, to: &lines)
        await answer(204, lines: lines, on: client)
    }

    /// What the gateway's own answer says to pages of other origins, where a route was found: whole lines.
    var crossOriginLines: [UInt8] {
        var lines: [UInt8] = []
        route?.crossOrigin?.appendResponseLines(for: request.fields, to: &lines)
        return lines
    }
}
