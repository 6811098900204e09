import AccessLog
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
