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

    /// The algorithm that the header names (`alg`).
    package var algorithm: SignatureAlgorithm { message.header.algorithm }
    /// The key that the header names (`kid`), or nil.
    package var keyID: String? { message.header.keyID }

    /// Whether a token looks like one of this form, so that it is none which only its issuer understands: three parts, of which
    /// the first begins as a JSON object does in base64url.
    ///
    /// - Parameter token: a token.
    /// - Returns: whether it should be read as a signed token.
    package static func isMeant(by token: Span<UInt8>) -> Bool {
        // `{` is 0x7B: `e`, and then one of the four letters for its last two bits and the next four.
        guard token.count > 2, token[0] == UInt8(ascii: "e"), (UInt8(ascii: "w")...UInt8(ascii: "z")).contains(token[1])
        else { return false }
        var dots = 0
        for index in token.indices where token[index] == UInt8(ascii: ".") { dots += 1 }
        return dots == 2
    }

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
