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
    /// byte of a response, and the request is safe to send again, it is sent again over a new one (RFC 9110 §9.2.2).
    func forward(_ permit: consuming Permit, from client: Connection) async throws(Refusal) {
        let route = generation.evaluator.routes[permit.route]
        if case .length(let length) = request.framing, let maximum = route.maximumBody, length > maximum {
            throw .rejected(.bodyTooLarge)
        }
        if request.maxForwards == 0 { return await answer(204, on: client) }
        let pool = generation.pools[permit.upstream]
        record.set(.upstream, to: route.upstreamName)
        record.retries = 0
        var mayReuse = true
        while true {
            let upstream: UpstreamConnection
            do throws(UpstreamError) {
                upstream = try await pool.acquire(waiter: client.waiter, mayReuse: mayReuse)
            } catch {
                throw .upstream(error)
            }
            record.set(.upstreamAddress, to: upstream.address)
            let relay = Relay(exchange: self, client: client, upstream: upstream, route: route)
            do throws(Refusal) {
                try await relay.run()
                relay.mayReuseUpstream ? pool.release(upstream) : pool.close(upstream)
                return
            } catch {
                pool.close(upstream)
                guard upstream.isReused, !relay.hasResponse, isSafeToSendAgain, case .upstream(.closedEarly) = error
                else { throw error }
                mayReuse = false
                record.retries = 1
                upload.reset()
            }
        }
    }

    /// Whether nothing would happen twice (RFC 9110 §9.2.2), and nothing of the request has been consumed.
    private var isSafeToSendAgain: Bool {
        request.method.isIdempotent && request.framing.isEmpty
    }
}
