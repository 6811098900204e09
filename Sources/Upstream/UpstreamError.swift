package import TLS
package import Transport

/// Why an upstream gave no usable response.
package enum UpstreamError: Error {
    /// Its name has no address.
    case unresolved(ResolverError)
    /// No connection came about.
    case unreachable(SocketError)
    /// The handshake of TLS failed; indirect, because every frame that may throw has room for the largest error.
    indirect case notSecured(TLSError)
    /// As many connections are open as may be.
    case busy
    /// It closed the connection, or said nothing at all, before the response was complete.
    case closedEarly
    /// What it sent is not a response, or one that must not be passed on.
    case malformed(detail: String)
    /// It took longer than allowed.
    case timedOut(Phase)

    /// What was waited for when time ran out.
    package enum Phase: String, Sendable {
        case connect = "to connect"
        case request = "to take the request"
        case head = "for the response head"
        case body = "for the response body"
    }

    /// The failure in words for the log and the client; never anything that the upstream sent.
    package var detail: String {
        switch self {
        case .unresolved: "The upstream's name cannot be resolved"
        case .unreachable(let error): "The upstream cannot be reached: \(error.description)"
        case .notSecured(.handshake(.applicationProtocol)): "The upstream does not agree to HTTP/2 (ALPN)"
        case .notSecured(let error): "There is no TLS with the upstream: \(error.message)"
        case .busy: "No connection to the upstream is free"
        case .closedEarly: "The upstream closed the connection before its response was complete"
        case .malformed(let detail): "The upstream's response is not valid: \(detail)"
        case .timedOut(let phase): "The upstream took too long \(phase.rawValue)"
        }
    }
}
