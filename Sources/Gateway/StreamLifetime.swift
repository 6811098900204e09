import AccessLog
import Authentication
import HTTP
import Transport

/// How long a stream may last.
struct StreamLifetime {
    /// When its token ceases to be good.
    let tokenEnd: Instant
    /// When its own deadline has passed.
    let callEnd: Instant
    /// How long nothing may be moved.
    let idleTimeout: Nanoseconds
    /// When anything was last moved, either way.
    var lastActivity: Instant

    /// Why the stream is to end now; nil if it may go on.
    func end(at now: Instant) -> StreamEnd? {
        if now >= tokenEnd { return .tokenExpired }
        if now >= callEnd { return .deadlineExceeded }
        return now >= lastActivity + idleTimeout ? .idleTimeout : nil
    }

    /// When it may be to end next.
    var deadline: Instant { min(tokenEnd, callEnd, lastActivity + idleTimeout) }
}

extension Exchange {
    /// How long the stream may last that the exchange is.
    func lifetime(along route: GatewayRoute) -> StreamLifetime {
        var callEnd = Instant.never
        if longStream == .gRPC, let timeout = request.callTimeout {
            callEnd = decided + timeout + Self.graceAfterCallEnd
        }
        return StreamLifetime(
            tokenEnd: tokenEnd(along: route), callEnd: callEnd, idleTimeout: route.streamIdleTimeout,
            lastActivity: resources.loop.now)
    }

    /// A client of gRPC that is there gives up by itself.
    private static let graceAfterCallEnd = Nanoseconds.seconds(1)
    /// A year ahead is as good as never, and what a token says may be beyond all numbers.
    private static let longestTokenLife = 366 * 86400

    /// Until when the token is good: until a new request with it would be refused.
    private func tokenEnd(along route: GatewayRoute) -> Instant {
        guard let principal, let end = generation.evaluator.end(ofStreamsOf: principal, along: route) else {
            return .never
        }
        let now = resources.loop.timeOfDay
        let seconds = min(end - Int(now / 1_000_000), Self.longestTokenLife)
        guard seconds > 0 else { return resources.loop.now }
        return resources.loop.now + Nanoseconds(count: UInt64(seconds) * 1_000_000_000 - UInt64(now % 1_000_000) * 1000)
    }
}
