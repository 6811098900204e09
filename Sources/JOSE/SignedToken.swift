internal import StrictJSON

/// A JSON Web Token in the compact serialization, parsed but not verified (RFC 7515 §7.1, RFC 7519 §7.2).
///
/// Of the claims only `iss` can be had from it, which says whose keys to look at; the others come from
/// `TokenVerifier.verify`.
package struct SignedToken: ~Escapable {
    /// How long a token may be, in bytes.
    package static let maximumSize = 8 << 10

    /// The issuer that the token claims to be of, or nil if it claims none.
    package let unverifiedIssuer: String?
    /// The type that the header names (`typ`), or nil.
    package var type: String? { message.header.type }

    let message: SignedMessage
    let claims: JSONNode

    /// Parses a token.
    ///
    /// - Parameters:
    ///   - compact: the token.
    ///   - maximumSize: how long it may be, in bytes.
    /// - Throws: `TokenFault.unsupportedAlgorithm` if `alg` names no algorithm (`none` is not one);
    ///   `TokenFault.malformed` for everything else that security.md rule 13 refuses.
    @_lifetime(copy compact)
    package init(compact: Span<UInt8>, maximumSize: Int = Self.maximumSize) throws(TokenFault) {
        guard compact.count <= maximumSize else { throw .malformed(.tooLarge) }
        message = try SignedMessage(compact: compact)
        claims = try SignedMessage.object(message.payload, orElse: .payload)
        if let issuer = claims["iss"] {
            guard let text = issuer.string else { throw .malformed(.claimType) }
            unverifiedIssuer = text
        } else {
            unverifiedIssuer = nil
        }
    }
}
