/// Why a stream ended before its exchange did.
package enum StreamFailure: Equatable, Sendable {
    /// The other side has done nothing with the request (RFC 9113 section 8.7), or it was never sent.
    case refused
    /// The other side reset the stream.
    case reset(ErrorCode)
    /// What the other side sent on the stream was malformed (RFC 9113 section 8.1.1) or beyond the limits.
    case malformed
    /// The connection is gone.
    case connectionLost
}
