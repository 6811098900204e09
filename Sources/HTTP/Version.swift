/// The version of the protocol that a message was sent in (RFC 9110 section 2.5).
package enum Version: Sendable {
    case http10
    /// HTTP/1.1, and any higher minor version of HTTP/1, which is read as the highest that is known.
    case http11
}
