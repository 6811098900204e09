/// Why no token is issued (RFC 6749 §5.2).
package enum TokenEndpointError: Error, Equatable, Sendable {
    case invalidRequest(RequestFault)
    /// The client is not known, or did not prove who it is.
    case invalidClient
    /// The user is not known, or the password is wrong.
    case invalidGrant
    /// The client has nothing that could be granted to it.
    case unauthorizedClient
    case unsupportedGrantType
    /// Nothing of what was asked for can be granted.
    case invalidScope
    /// The password could not be checked or the token not be signed: a fault of ours.
    case unavailable

    /// What is wrong with a request.
    package enum RequestFault: Equatable, Sendable {
        case contentType, malformedForm, repeatedParameter, missingParameter, severalClients, malformedCredential
    }

    /// The value of `error`; nil where the standard has none.
    private var code: StaticString? {
        switch self {
        case .invalidRequest: "invalid_request"
        case .invalidClient: "invalid_client"
        case .invalidGrant: "invalid_grant"
        case .unauthorizedClient: "unauthorized_client"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        case .unavailable: nil
        }
    }

    /// The value of `error_description`, in fixed words that never hold what was sent.
    package var detail: String {
        switch self {
        case .invalidRequest(.contentType): "The body is not application/x-www-form-urlencoded"
        case .invalidRequest(.malformedForm): "The form is malformed"
        case .invalidRequest(.repeatedParameter): "A parameter is repeated"
        case .invalidRequest(.missingParameter): "A parameter is missing"
        case .invalidRequest(.severalClients): "More than one client or way to authenticate it"
        case .invalidRequest(.malformedCredential): "The credential in the Authorization field is malformed"
        case .invalidClient: "The client is not known or its secret is wrong"
        case .invalidGrant: "Incorrect username or password"
        case .unauthorizedClient: "The client may not use this grant"
        case .unsupportedGrantType: "The grant type is not supported"
        case .invalidScope: "Nothing of the requested scope can be granted"
        case .unavailable: "No token can be issued now"
        }
    }

    /// The body of the answer (RFC 6749 §5.2); nil where the standard has none.
    package var json: [UInt8]? {
        code.map { Array("{\"error\":\"\($0)\",\"error_description\":\"\(detail)\"}\n".utf8) }
    }
}
