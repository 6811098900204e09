package import JOSE

/// Why a token is not usable; each case has a reason code of its own.
package enum TokenError: Error, Equatable, Sendable {
    case malformed(Malformation)
    case unsupportedAlgorithm
    /// `iss` is missing, names no issuer, or names one whose tokens are not good on this route.
    case unknownIssuer
    case unknownKey
    case badSignature
    case expired
    /// Before `nbf`, or `iat` lies in the future.
    case notYetValid
    case wrongAudience
    /// `typ` is not that of an access token.
    case wrongType
    /// A claim that the issuer's tokens must have is missing.
    case requiredClaim
    case lifetimeExceeded
    /// The issuer says that it is not good, or not any more (RFC 7662 §2.2).
    case inactive
    /// It was revoked here.
    case revoked
    /// The keys of the issuer are not to be had.
    case keysUnavailable
    /// The issuer cannot be asked about the token.
    case statusUnavailable
    /// Something has to be found out first; if nobody does, the token cannot be judged.
    indirect case undecided(TokenQuestion)
    /// The credential is an API key.
    case apiKey(APIKeyFault)

    /// Whether it says nothing about the token: the gateway cannot know whether it is good.
    package var isUndecided: Bool {
        switch self {
        case .keysUnavailable, .statusUnavailable, .undecided: true
        default: false
        }
    }

    /// Takes over what was found wrong with the token itself.
    package init(_ fault: TokenFault) {
        switch fault {
        case .malformed(let malformation): self = .malformed(malformation)
        case .unsupportedAlgorithm: self = .unsupportedAlgorithm
        case .unknownKey: self = .unknownKey
        case .badSignature: self = .badSignature
        }
    }

    /// The reason code for the log, metrics and the answer's body.
    package var reason: StaticString {
        switch self {
        case .malformed: "malformed_token"
        case .unsupportedAlgorithm: "unsupported_algorithm"
        case .unknownIssuer: "unknown_issuer"
        case .unknownKey: "unknown_key"
        case .badSignature: "bad_signature"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .wrongAudience: "wrong_audience"
        case .wrongType: "wrong_type"
        case .requiredClaim: "required_claim"
        case .lifetimeExceeded: "lifetime_exceeded"
        case .inactive: "inactive"
        case .revoked: "revoked"
        case .keysUnavailable, .undecided(.keys): "keys_unavailable"
        case .statusUnavailable, .undecided(.status): "introspection_unavailable"
        case .apiKey(.malformed): "malformed_token"
        case .apiKey(.unknown): "unknown_key"
        case .apiKey(.expired): "expired"
        }
    }
}

extension TokenError: CustomStringConvertible {
    /// Fixed words for `error_description` (RFC 6750 §3), never anything that the client sent.
    package var description: String {
        switch self {
        case .malformed(let malformation): malformation.description
        case .unsupportedAlgorithm: "The signature algorithm of the token is not accepted"
        case .unknownIssuer: "The issuer of the token is not accepted"
        case .unknownKey: "The key that signed the token is not known"
        case .badSignature: "The signature of the token is not valid"
        case .expired: "The token has expired"
        case .notYetValid: "The token is not valid yet"
        case .wrongAudience: "The token is for another audience"
        case .wrongType: "The token is not an access token"
        case .requiredClaim: "A claim that is required is missing from the token"
        case .lifetimeExceeded: "The lifetime of the token is too long"
        case .inactive: "The issuer says that the token is not active"
        case .revoked: "The token was revoked"
        case .keysUnavailable, .undecided(.keys): "The keys of the issuer are not available"
        case .statusUnavailable, .undecided(.status): "The issuer cannot be asked about the token"
        case .apiKey(.malformed): "The API key is malformed"
        case .apiKey(.unknown): "The API key is not known"
        case .apiKey(.expired): "The API key has expired"
        }
    }
}
