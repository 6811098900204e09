package import Transport

/// Why there is no TLS, by blame.
package enum TLSError: Error, Equatable {
    /// The operator's: a part of the settings is no good.
    case settings(SettingsPart, SettingsFault)
    /// The other side's: it speaks otherwise, or shows no good certificate.
    case handshake(HandshakeFault)
    /// The other side's: it ended the connection before the handshake was done.
    case ended
    /// The other side's: the handshake took too long.
    case timedOut
    /// The network's.
    case connection(SocketError)
    /// Ours: there is no memory left.
    case noResources

    /// The error in words for an operator, without anything that the other side chose to write.
    package var message: String {
        switch self {
        case .settings(let part, let fault): "\(part.name): \(fault.message)"
        case .handshake(let fault): fault.message
        case .ended: "the connection ended during the handshake"
        case .timedOut: "the handshake took too long"
        case .connection(let error): error.description
        case .noResources: "no memory left"
        }
    }
}

/// What a handshake failed for, in OpenSSL's own fixed words.
package enum HandshakeFault: Error, Equatable {
    /// The certificate of the other side is not good, or missing.
    case certificate(String)
    /// The other side ended the handshake with an alert.
    case alert(String)
    /// The other side does not speak TLS, or none that is spoken here.
    case speech(String)
    /// The two sides did not agree on HTTP/2, or not on what was offered (RFC 7301).
    case applicationProtocol

    /// The fault in words for an operator.
    package var message: String {
        switch self {
        case .certificate(let words): "certificate not accepted: \(words)"
        case .alert(let words): "the other side refused: \(words)"
        case .speech(let words): words
        case .applicationProtocol: "no agreement on the protocol inside TLS (ALPN)"
        }
    }
}
