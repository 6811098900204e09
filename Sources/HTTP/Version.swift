/// The version of the protocol that a message was sent in (RFC 9110 section 2.5).
package enum Version: Sendable {
    case http10
    /// HTTP/1.1, and any higher minor version of HTTP/1, which is read as the highest that is known.
    case http11
    case http2

    /// The version as logs write it.
    package var name: String {
        switch self {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2.0"
        }
    }
}
