internal import Bytes
internal import StrictJSON

/// A JSON Web Token in the compact serialization, parsed but not verified (RFC 7515 §7.1, RFC 7519 §7.2).
///
/// Of the claims only `iss` can be had from it, which says whose keys to look at; the others come from
/// `TokenVerifier.verify`.
package struct SignedToken: ~Escapable {
    /// How long a token may be, in bytes.
    package static let maximumSize = 8 << 10

    /// The algorithm that the header names.
    package let algorithm: SignatureAlgorithm
    /// The key that the header names (`kid`), or nil.
    package let keyID: String?
    /// The type that the header names (`typ`), or nil.
    package let type: String?
    /// The issuer that the token claims to be of, or nil if it claims none.
    package let unverifiedIssuer: String?

    let signingInput: Span<UInt8>
    let signature: [UInt8]
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
        guard let headerEnd = compact.firstIndex(of: UInt8(ascii: ".")),
            let payloadEnd = compact.firstIndex(of: UInt8(ascii: "."), from: headerEnd + 1),
            compact.firstIndex(of: UInt8(ascii: "."), from: payloadEnd + 1) == nil
        else { throw .malformed(.parts) }
        let headerNode = try Self.object(compact.extracting(0..<headerEnd), orElse: .header)
        let header = try TokenHeader(headerNode)
        let payload = compact.extracting(headerEnd + 1..<payloadEnd)
        let claims = try Self.object(payload, orElse: .payload)
        guard let signature = Base64URL.decode(compact.extracting(payloadEnd + 1..<compact.count)) else {
            throw .malformed(.base64URL)
        }
        if let issuer = claims["iss"] {
            guard let text = issuer.string else { throw .malformed(.claimType) }
            unverifiedIssuer = text
        } else {
            unverifiedIssuer = nil
        }
        self.algorithm = header.algorithm
        self.keyID = header.keyID
        self.type = header.type
        self.signingInput = compact.extracting(0..<payloadEnd)
        self.signature = signature
        self.claims = claims
    }

    private static func object(
        _ part: Span<UInt8>, orElse malformation: Malformation
    ) throws(TokenFault) -> JSONNode {
        guard let bytes = Base64URL.decode(part) else { throw .malformed(.base64URL) }
        do {
            let node = try JSONReader.read(bytes.span, limits: JSONLimits(depth: 16, size: maximumSize))
            if case .object = node.value { return node }
        } catch {
            throw .malformed(malformation)
        }
        throw .malformed(malformation)
    }
}
