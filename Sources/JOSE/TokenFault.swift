/// Why a signed token was not accepted.
package enum TokenFault: Error, Equatable, Sendable {
    /// The token is not what RFC 7515 and RFC 7519 allow, or uses what this gateway refuses.
    case malformed(Malformation)
    /// `alg` names no algorithm, one that the issuer does not use, or one that does not fit the key.
    case unsupportedAlgorithm
    /// No key fits, or without `kid` more than one.
    case unknownKey
    /// The signature is not that of the key.
    case badSignature
}

/// What is malformed about a token.
package enum Malformation: Equatable, Sendable {
    /// The token is longer than `SignedToken.maximumSize`.
    case tooLarge
    /// The token does not have three parts (RFC 7515 §7.1).
    case parts
    /// A part is not canonical base64url (RFC 7515 §2).
    case base64URL
    /// The header is not strict JSON, or not an object.
    case header
    /// The payload is not strict JSON, or not an object.
    case payload
    /// A header parameter has a value of another type.
    case headerParameter
    /// The header has `crit` or `b64`: no extension is understood here (RFC 7515 §4.1.11, RFC 7797 §7).
    case criticalExtension
    /// The header brings its own key (`jwk`, `jku`, `x5u`).
    case embeddedKey
    /// The token contains another token (`cty`, RFC 7519 §5.2).
    case nested
    /// A claim has a value of another type (RFC 7519 §4.1).
    case claimType
}

extension Malformation: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge: "The token is too large"
        case .parts: "The token does not have three parts"
        case .base64URL: "A part of the token is not base64url"
        case .header: "The header of the token is not a JSON object"
        case .payload: "The payload of the token is not a JSON object"
        case .headerParameter: "A header parameter of the token has a wrong type"
        case .criticalExtension: "The token uses an extension that is not supported"
        case .embeddedKey: "The token brings its own key"
        case .nested: "The token contains another token"
        case .claimType: "A claim of the token has a wrong type"
        }
    }
}
