/// Why a stream ended before its exchange did.
package enum StreamFailure: Equatable, Sendable {
    case refused, malformed
}
