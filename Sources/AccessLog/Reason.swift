/// Why a request was decided as it was: the closed list of reason codes.
///
/// The raw value is the word in the access log; the same word stands in metrics, in problem bodies and in `explain`.
/// Words whose feature does not exist yet are reserved.
package enum Reason: String, CaseIterable, Sendable {
    case allowed
    case `public`
    case shadow

    case noToken = "no_token"
    case malformedToken = "malformed_token"
    case unsupportedAlgorithm = "unsupported_algorithm"
    case unknownIssuer = "unknown_issuer"
    case unknownKey = "unknown_key"
    case badSignature = "bad_signature"
    case expired
    case notYetValid = "not_yet_valid"
    case wrongAudience = "wrong_audience"
    case wrongType = "wrong_type"
    case requiredClaim = "required_claim"
    case lifetimeExceeded = "lifetime_exceeded"
    case inactive
    case revoked
    case proofMissing = "proof_missing"
    case proofInvalid = "proof_invalid"

    case insufficientScope = "insufficient_scope"
    case insufficientRole = "insufficient_role"
    case insufficientAuthentication = "insufficient_authentication"
    case noRoute = "no_route"
    case methodNotAllowed = "method_not_allowed"
    case ambiguousCredentials = "ambiguous_credentials"

    case ambiguousPath = "ambiguous_path"
    case badRequest = "bad_request"
    case requestTimeout = "request_timeout"
    case bodyTooLarge = "body_too_large"
    case targetTooLong = "target_too_long"
    case expectationFailed = "expectation_failed"
    case misdirectedRequest = "misdirected_request"
    case headTooLarge = "head_too_large"
    case notImplemented = "not_implemented"
    case versionNotSupported = "version_not_supported"

    case keysUnavailable = "keys_unavailable"
    case introspectionUnavailable = "introspection_unavailable"
    case storeUnavailable = "store_unavailable"
    case rateLimited = "rate_limited"

    case upstreamUnreachable = "upstream_unreachable"
    case upstreamBusy = "upstream_busy"
    case upstreamProtocol = "upstream_protocol"
    case upstreamTimeout = "upstream_timeout"
    case rewriteConflict = "rewrite_conflict"
    case overloaded
    case draining
    case `internal`
}
