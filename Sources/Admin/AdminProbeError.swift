package import Transport

/// Why a probe has no answer.
package enum AdminProbeError: Error, Equatable {
    /// The connection failed.
    case notReached(SocketError)
    /// Nothing came in time, or what came was no whole answer.
    case noAnswer

    /// The failure in words for an operator.
    package var description: String {
        switch self {
        case .notReached(let error): error.description
        case .noAnswer: "no answer"
        }
    }
}
