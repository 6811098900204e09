/// What the gateway concluded about a request (decisions.md; the word is the value of `decision`).
package enum Decision: Sendable, CaseIterable {
    case allow
    case deny
    case undecided
    case reject

    /// Whether the exchange ended in anything but an allow; such lines have a reserved share of the writer's queue.
    package var isRefusal: Bool { self != .allow }

    /// The value of `decision`.
    package var word: StaticString {
        switch self {
        case .allow: "allow"
        case .deny: "deny"
        case .undecided: "undecided"
        case .reject: "reject"
        }
    }
}

/// Who produced the status that the client saw.
package enum StatusOrigin: Sendable, CaseIterable {
    case gateway
    case upstream

    var word: StaticString {
        switch self {
        case .gateway: "gateway"
        case .upstream: "upstream"
        }
    }
}

/// Which side ended an exchange early.
package enum AbortingSide: Sendable, CaseIterable {
    case client
    case upstream

    var word: StaticString {
        switch self {
        case .client: "client"
        case .upstream: "upstream"
        }
    }
}

/// Why the gateway ended a stream that would have gone on: the value of `ended`.
package enum StreamEnd: Sendable, CaseIterable {
    /// Its token is not good any more.
    case tokenExpired
    /// Its token was revoked.
    case revoked
    /// The gateway is about to end.
    case draining
    /// Nothing was sent either way for too long.
    case idleTimeout
    /// The time that the client gave a call of gRPC has passed.
    case deadlineExceeded

    package var word: StaticString {
        switch self {
        case .tokenExpired: "token_expired"
        case .revoked: "revoked"
        case .draining: "draining"
        case .idleTimeout: "idle_timeout"
        case .deadlineExceeded: "deadline_exceeded"
        }
    }
}

/// How much attention a line asks for.
package enum LogLevel: Sendable, CaseIterable {
    case info
    case warn
    case error

    var word: StaticString {
        switch self {
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        }
    }
}

/// What happened, in a word: the value of `msg`.
enum Message: CaseIterable {
    case allowed
    case failed
    case denied
    case undecided
    case rejected

    var word: StaticString {
        switch self {
        case .allowed: "allowed"
        case .failed: "failed"
        case .denied: "denied"
        case .undecided: "undecided"
        case .rejected: "rejected"
        }
    }
}
