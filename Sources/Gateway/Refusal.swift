import AccessLog
import Authentication
import Authorization
import Configuration
import HTTP
import TLS
import TokenEndpoint
import Upstream

/// Why a request is not answered by its upstream: the one way from every module's error to the wire and the log.
///
/// A new reason does not compile until it has a status, a reason code and words for the client (decisions.md).
enum Refusal: Error {
    /// The message is malformed, ambiguous, too slow or beyond a limit.
    case rejected(ParseError)
    /// The path could be read in two ways that lead to different routes.
    case ambiguousPath
    /// No route has the path.
    case noRoute
    /// The path has routes, for these methods.
    case methodNotAllowed([Method])
    /// A credential is needed and none was sent.
    case noToken
    /// More than one credential was sent.
    case ambiguousCredentials
    /// The token is not usable.
    case unusableToken(TokenError)
    /// The policy says no.
    case denied(Denial)
    case upstream(UpstreamError)
    /// The rewritten path is that of another route, which would not permit the request, or has no safe form.
    case rewriteConflict
    /// The upstream speaks HTTP/2, to which WebSockets are not forwarded.
    case webSocketNotForwarded
    /// More connections are open than the listener allows.
    case overloaded
    /// The token endpoint issues no token.
    case tokenRefused(TokenEndpointError)
    /// Too many logins failed lately.
    case rateLimited(seconds: Int)
    /// Too many logins wait to be checked.
    case tooManyLogins
    /// A stream that would have gone on is ended.
    case ended(StreamEnd)
    /// The client is gone, and nobody is left to answer.
    case clientGone

    /// Whether a shadow route only notes it: what is said about a credential, or cannot be said; not while something is still to
    /// be found out.
    var isJudgement: Bool {
        switch self {
        case .unusableToken(.undecided): false
        case .unusableToken: true
        default: decision == .deny
        }
    }

    var decision: Decision {
        switch self {
        case .rejected, .ambiguousPath, .ambiguousCredentials, .webSocketNotForwarded, .clientGone: .reject
        case .tokenRefused(let error): error.decision
        case .rateLimited: .deny
        case .unusableToken(let error) where error.isUndecided: .undecided
        case .noRoute, .methodNotAllowed, .noToken, .unusableToken, .denied: .deny
        // The request was permitted; what failed came later.
        case .upstream, .ended: .allow
        // Two routes disagree, so that no decision stands.
        case .rewriteConflict, .overloaded, .tooManyLogins: .undecided
        }
    }

    var reason: Reason {
        switch self {
        case .rejected(let error): error.rejection.reason
        case .ambiguousPath: .ambiguousPath
        case .noRoute: .noRoute
        case .methodNotAllowed: .methodNotAllowed
        case .noToken: .noToken
        case .ambiguousCredentials: .ambiguousCredentials
        case .unusableToken(let error): error.logReason
        case .denied(.notAuthenticated): .noToken
        case .denied(.insufficientScope): .insufficientScope
        case .denied(.insufficientRole): .insufficientRole
        case .upstream(let error): error.reason
        case .rewriteConflict: .rewriteConflict
        case .overloaded, .tooManyLogins: .overloaded
        case .tokenRefused(let error): error.reason
        case .rateLimited: .rateLimited
        case .webSocketNotForwarded: .notImplemented
        case .ended: .allowed
        case .clientGone: .badRequest
        }
    }

    /// The status of the answer, with the operator's choices in `settings`.
    func status(_ settings: RefusalConfiguration) -> Int {
        switch self {
        case .rejected(let error): error.rejection.status
        case .ambiguousPath, .ambiguousCredentials, .clientGone: 400
        case .noRoute: settings.hidesUnmatched ? 401 : 404
        case .methodNotAllowed: settings.hidesUnmatched ? 401 : 405
        case .unusableToken(let error) where error.isUndecided: 503
        case .noToken, .unusableToken, .denied(.notAuthenticated): 401
        case .denied: settings.insufficientScopeStatus
        case .upstream(let error): error.status
        case .rewriteConflict: 502
        case .webSocketNotForwarded: 501
        case .overloaded, .tooManyLogins, .ended: 503
        case .tokenRefused(let error): error.status
        case .rateLimited: 429
        }
    }

    /// What the client is told, in fixed words: nothing that it or an upstream sent.
    var detail: String {
        switch self {
        case .rejected(let error): error.detail
        case .ambiguousPath: "The path could be read in more than one way"
        case .noRoute, .methodNotAllowed: "No route matches"
        case .noToken, .denied(.notAuthenticated): "Not authenticated"
        case .ambiguousCredentials:
            "More than one of Authorization, the fields for API keys and tokens, the cookie for tokens and a WebSocket's "
                + "protocols holds a credential"
        case .unusableToken(let error) where error.isUndecided: "Cannot validate credentials now"
        case .unusableToken: "Could not validate credentials"
        case .denied: "Not enough permissions"
        case .upstream(let error): error.detail
        case .rewriteConflict: "The rewritten path would need another permission"
        case .webSocketNotForwarded: "WebSockets are not forwarded to an upstream that speaks HTTP/2"
        case .overloaded: "Too many connections"
        case .tokenRefused(let error): error.detail
        case .rateLimited: "Too many requests"
        case .tooManyLogins: "Too many logins at once"
        case .ended(let end): end.detail
        case .clientGone: "The request is not complete"
        }
    }

    /// Whether the connection is of no use after the answer: what follows on it cannot be told apart.
    var endsConnection: Bool {
        switch self {
        case .rejected, .overloaded, .ended, .clientGone: true
        default: false
        }
    }

    /// Seconds for `Retry-After` (RFC 9110 §10.2.3), where trying again can help.
    var retryAfter: Int? {
        switch self {
        case .overloaded, .tooManyLogins: 1
        case .unusableToken(let error): error.isUndecided ? 5 : nil
        case .rateLimited(let seconds): seconds
        case .upstream(let error): error.status == 503 ? 1 : nil
        default: nil
        }
    }
}

extension StreamEnd {
    /// What the client is told, where it can be.
    var detail: String {
        switch self {
        case .tokenExpired: "The token has expired"
        case .revoked: "The token was revoked"
        case .draining: "The gateway is about to end"
        case .idleTimeout: "Nothing was sent for too long"
        case .deadlineExceeded: "The call took longer than its deadline allows"
        }
    }
}

extension MessageRejection {
    var reason: Reason {
        switch self {
        case .badRequest: .badRequest
        case .ambiguousPath: .ambiguousPath
        case .requestTimeout: .requestTimeout
        case .bodyTooLarge: .bodyTooLarge
        case .targetTooLong: .targetTooLong
        case .expectationFailed: .expectationFailed
        case .misdirectedRequest: .misdirectedRequest
        case .headTooLarge: .headTooLarge
        case .notImplemented: .notImplemented
        case .versionNotSupported: .versionNotSupported
        }
    }
}

extension UpstreamError {
    var status: Int {
        switch self {
        case .notSecured(.handshake(.applicationProtocol)): 502
        case .unresolved, .unreachable, .notSecured, .busy: 503
        case .closedEarly, .malformed: 502
        case .timedOut(.connect): 503
        case .timedOut: 504
        }
    }

    var reason: Reason {
        switch self {
        case .notSecured(.handshake(.applicationProtocol)): .upstreamProtocol
        case .unresolved, .unreachable, .notSecured, .timedOut(.connect): .upstreamUnreachable
        case .busy: .upstreamBusy
        case .closedEarly, .malformed: .upstreamProtocol
        case .timedOut: .upstreamTimeout
        }
    }
}

extension TokenEndpointError {
    var status: Int {
        switch self {
        case .invalidClient: 401
        case .invalidRequest, .invalidGrant, .unauthorizedClient, .unsupportedGrantType, .invalidScope: 400
        case .unavailable: 500
        }
    }

    var decision: Decision {
        switch self {
        case .invalidRequest, .unsupportedGrantType: .reject
        case .invalidClient, .invalidGrant, .unauthorizedClient, .invalidScope: .deny
        case .unavailable: .undecided
        }
    }

    /// A password or secret that is wrong is no credential; who has nothing to be granted lacks the scope.
    var reason: Reason {
        switch self {
        case .invalidRequest, .unsupportedGrantType: .badRequest
        case .invalidClient, .invalidGrant: .noToken
        case .unauthorizedClient, .invalidScope: .insufficientScope
        case .unavailable: .internal
        }
    }
}

extension TokenError {
    var logReason: Reason {
        switch self {
        case .malformed: .malformedToken
        case .unsupportedAlgorithm: .unsupportedAlgorithm
        case .unknownIssuer: .unknownIssuer
        case .unknownKey: .unknownKey
        case .badSignature: .badSignature
        case .expired: .expired
        case .notYetValid: .notYetValid
        case .wrongAudience: .wrongAudience
        case .wrongType: .wrongType
        case .requiredClaim: .requiredClaim
        case .lifetimeExceeded: .lifetimeExceeded
        case .inactive: .inactive
        case .revoked: .revoked
        case .keysUnavailable, .undecided(.keys): .keysUnavailable
        case .statusUnavailable, .undecided(.status): .introspectionUnavailable
        case .apiKey(.malformed): .malformedToken
        case .apiKey(.unknown): .unknownKey
        case .apiKey(.expired): .expired
        }
    }
}
