/// A key of the access log whose value is text; the raw value is its slot in a `Record`.
package enum TextKey: Int, CaseIterable, Sendable {
    case requestID
    case traceID
    case remoteIP
    case clientIP
    case method
    case host
    case path
    case proto
    case tls
    case route
    case subject
    case clientID
    case issuer
    case tokenID
    case userAgent
    case upstream
    case upstreamAddress
    case configuration

    /// The longest value that is kept, in bytes; a longer one is cut at a character and ends in `…`.
    package var maximumLength: Int {
        switch self {
        case .proto, .tls: 16
        case .method, .configuration: 32
        case .remoteIP, .clientIP: 64
        case .requestID, .traceID, .clientID, .tokenID, .upstreamAddress: 128
        case .host, .route, .subject, .issuer, .userAgent, .upstream: 256
        case .path: 2048
        }
    }
}

/// A key of the access log whose value is a list of words.
package enum ListKey: Sendable {
    case requiredScopes
    case missingScopes
    case requiredRoles

    /// The longest word that is kept, in bytes.
    package static let maximumLength = 128
    /// The most words that one record keeps over all its lists; later ones are left out.
    package static let maximumCount = 64
}
