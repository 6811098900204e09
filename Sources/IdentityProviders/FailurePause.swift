internal import Outbound
internal import Transport

/// When an endpoint that cannot be reached is left alone: after three failures to connect in a row nobody asks for a second
/// after the last, and whoever wants to is told so at once instead of waiting for the next failure. A response to what was
/// asked before ends that; so questions that found too many others before them stop nobody as long as there are responses.
struct FailurePause {
    static let failureCount = 3
    static let length = Nanoseconds.seconds(1)

    private var failures = 0
    private var end = Instant(nanoseconds: 0)

    func isOver(at now: Instant) -> Bool { failures < Self.failureCount || now >= end }

    /// Takes note of how far a question came.
    ///
    /// - Parameters:
    ///   - failure: where it failed; nil if there was a response.
    ///   - now: when.
    mutating func note(_ failure: OutboundError.Stage?, at now: Instant) {
        switch failure {
        case .lookUp, .connect, .proxy, .tls:
            failures = min(failures + 1, Self.failureCount)
            end = now + Self.length
        case .http, nil:
            failures = 0
        }
    }
}
