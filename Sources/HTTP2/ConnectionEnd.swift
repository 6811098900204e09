package import Transport

/// Why a connection is over.
package enum ConnectionEnd: Equatable, Sendable {
    /// One side has said that it is, or this side found a fault, which `Session.fault` tells.
    case finished
    /// Nothing was going on.
    case idle
    /// The other side has ended it without a word.
    case ended
    case failed(SocketError)
    /// The other side's preface or head took too long.
    case headTimeout
    /// The other side took nothing of what was sent.
    case stalled
    /// The other side did not answer whether it is there.
    case pingTimeout
}
