/// How the end of a message's body is found (RFC 9112 section 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// There is no body, and no field says so.
    case none
    /// The body has so many bytes, as `Content-Length` says.
    case length(Int)
    /// The body comes in chunks (RFC 9112 section 7.1).
    case chunked
    /// The body is whatever comes before the connection ends; responses only.
    case untilClose

    /// Whether no byte of a body follows the head.
    package var isEmpty: Bool { self == .none || self == .length(0) }
}
