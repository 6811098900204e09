import AccessLog
import Bytes
import Configuration
import HTTP
import TokenEndpoint

extension Exchange {
    /// Answers a request for a built-in path.
    ///
    /// `/livez` says whether the process serves, and nothing of upstreams; it is answered also while draining, and beyond
    /// the limit of connections, because neither is a reason to start the process anew.
    ///
    /// - Throws: `.methodNotAllowed`, `.noRoute` where no resource is, or what the token endpoint refuses.
    func answer(_ path: BuiltInPath, on client: Client, isWithinLimit: Bool) async throws(Refusal) {
        record.set(.route, to: path.id)
        guard isWithinLimit || path == .liveness else { throw .overloaded }
        if path == .resourceMetadata {
            isForEveryPage = true
            if let method = CrossOriginRules.methodAskedAbout(in: request) {
                return await answerPreflight(about: method, of: client)
            }
        }
        // To a client of HTTP/2, success would look like an open WebSocket (RFC 8441 section 5).
        guard path.methods.contains(request.method), !request.opensWebSocket else {
            throw .methodNotAllowed(path.methods)
        }
        record.reason = .public
        switch path {
        case .liveness: await answer(200, .text("ok\n"), on: client)
        case .keySet: await answer(200, .keySet(generation.tokenService?.keySet ?? []), on: client)
        case .token:
            let token = try await issueToken(for: client)
            note(token)
            await answer(200, .token(token.json), on: client)
        case .resourceMetadata:
            let place = request.target.path
            guard let document = resources(of: client)?.document(at: place, in: generation.evaluator) else {
                throw .noRoute
            }
            await answer(200, .resourceMetadata(document), lines: crossOriginLines, on: client)
        }
    }

    /// What OAuth clients are told on the listener that a client came to; nil if nothing is. A connection may know the
    /// listener from another configuration than the one that decides.
    func resources(of client: Client) -> ResourceDocuments? {
        generation.settings(of: client.listener.id)?.resources
    }
}
