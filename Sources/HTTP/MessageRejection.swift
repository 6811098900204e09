/// The kinds of refusal that a message can meet before any policy; the raw value is the reason code.
package enum MessageRejection: String, CaseIterable, Sendable {
    case badRequest = "bad_request"
    case ambiguousPath = "ambiguous_path"
    case requestTimeout = "request_timeout"
    case bodyTooLarge = "body_too_large"
    case targetTooLong = "target_too_long"
    case expectationFailed = "expectation_failed"
    case misdirectedRequest = "misdirected_request"
    case headTooLarge = "head_too_large"
    case notImplemented = "not_implemented"
    case versionNotSupported = "version_not_supported"

    /// The status code of the answer (RFC 9110 section 15).
    package var status: Int {
        switch self {
        case .badRequest, .ambiguousPath: 400
        case .requestTimeout: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .expectationFailed: 417
        case .misdirectedRequest: 421
        case .headTooLarge: 431
        case .notImplemented: 501
        case .versionNotSupported: 505
        }
    }
}
