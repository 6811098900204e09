import AccessLog
import Authorization
import Bytes
import HTTP
import Transport
import Upstream

extension Exchange {
    /// Spends the permit: sends the request to the upstream and its response to the client.
    ///
    /// A connection that was used before may have been closed by the upstream without our knowing. If it dies before any
    /// byte of a response, and the request is safe to send again, it is sent again over a new one (RFC 9110 §9.2.2). What the
    /// upstream says that it has not looked at is sent again in any case (RFC 9113 §8.7).
    func forward(_ permit: consuming Permit, from client: Client) async throws(Refusal) {
        let route = generation.evaluator.routes[permit.route]
        if case .length(let length) = request.framing, let maximum = route.maximumBody, length > maximum {
            throw .rejected(.bodyTooLarge)
        }
        if request.maxForwards == 0 { return await answer(204, lines: crossOriginLines, on: client) }
        let pool = generation.pool(of: permit.upstream, along: route)
        if request.opensWebSocket, pool.speaksHTTP2 { throw .webSocketNotForwarded }
        // There is no gRPC without HTTP/2 on both sides, and no pardon from the bounds of other requests, whatever it calls itself.
        if client.http2 != nil, pool.speaksHTTP2, request.isCall { longStream = .gRPC }
        record.set(.upstream, to: route.upstreamName)
        record.retries = 0
        var mayReuse = true
        var attempts = 1
        var sendsAgain = false
        while true {
            // Who asks and leaves at once must not make the upstream work.
            guard client.stream.remoteState != .gone else { throw .clientGone }
            let upstream: UpstreamConnection
            do throws(UpstreamError) {
                upstream = try await pool.acquire(waiter: client.waiter, mayReuse: mayReuse)
            } catch {
                throw .upstream(error)
            }
            record.set(.upstreamAddress, to: upstream.address)
            let relay = Relay(exchange: self, client: client, upstream: upstream, route: route)
            do throws(Refusal) {
                try await relay.run(sendsAgain: sendsAgain)
                relay.mayReuseUpstream ? pool.release(upstream) : pool.close(upstream)
                return
            } catch {
                let wasRefused = upstream.wasRefused
                pool.close(upstream)
                guard !relay.hasResponse, case .upstream(.closedEarly) = error, attempts < Self.maximumAttempts,
                    wasRefused ? upload.canBeSentAgain : upstream.isReused && isSafeToSendAgain
                else { throw error }
                mayReuse = wasRefused
                record.retries = attempts
                attempts += 1
                sendsAgain = sendsAgain || relay.hasBegun
                upload.output.restart()
            }
        }
    }

    /// How often a request is sent at most.
    private static let maximumAttempts = 3

    /// Whether nothing would happen twice (RFC 9110 §9.2.2), and nothing of the request has been consumed.
    private var isSafeToSendAgain: Bool {
        request.method.isIdempotent && request.framing.isEmpty
    }
}
