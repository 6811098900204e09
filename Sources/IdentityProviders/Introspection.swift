package import JOSE
package import Outbound
package import StrictJSON
package import Transport

/// Whom to ask about an issuer's tokens, and how (RFC 7662).
package struct IntrospectionSettings: Sendable, Hashable {
    /// How the gateway says who it is.
    package enum Authentication: Sendable, Hashable {
        /// RFC 6749 §2.3.1, in `Authorization`.
        case basic(secret: [UInt8])
        /// RFC 6749 §2.3.1, in the form.
        case post(secret: [UInt8])
        /// RFC 7523 §2.2: a private key in PEM, the algorithm to sign with, and the `kid` to name.
        case privateKey(pem: [UInt8], algorithm: SignatureAlgorithm, keyID: String?)
    }

    /// The issuer's name in the configuration, for logs.
    package var name: String
    package var endpoint: ServiceURL
    package var clientID: String
    package var authentication: Authentication
    package var client: OutboundSettings
    /// How long an answer that a token is active is kept, if it does not expire earlier.
    package var cacheLifetime = Nanoseconds.seconds(30)
    /// How long an answer that it is not is kept.
    package var negativeCacheLifetime = Nanoseconds.seconds(5)

    package init(
        name: String, endpoint: ServiceURL, clientID: String, authentication: Authentication, client: OutboundSettings
    ) {
        self.name = name
        self.endpoint = endpoint
        self.clientID = clientID
        self.authentication = authentication
        self.client = client
    }
}

/// What the issuer says about a token.
package enum IntrospectionAnswer: Sendable {
    /// It is good: what the issuer says of it, and until when (seconds since 1970) the answer may be believed.
    case active(JSONNode, end: Int)
    /// It is not.
    case inactive
    /// The issuer could not be asked.
    case unavailable
}

/// What happened at an introspection endpoint, for the log.
package enum IntrospectionEvent: Sendable {
    case failed(IntrospectionSettings, KeyFetchError)
}

/// Asks issuers about tokens: each token once at a time, whichever workers ask, and remembers the answers for a while.
package actor IntrospectionService {
    private nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }

    /// - Parameters:
    ///   - loop: where it runs.
    ///   - calls: threads for what blocks.
    ///   - forbidden: sockets of this process that must not be connected to.
    ///   - report: receives what happens, for the log.
    package init(
        loop: EventLoop, calls: BlockingCalls, forbidden: [SocketAddress],
        report: @escaping @Sendable (IntrospectionEvent) -> Void
    ) {
        self.loop = loop
    }

    /// Asks these from now on, and no others; answers of those that are asked already are kept.
    package func keep(_ issuers: [IntrospectionSettings]) {}

    /// Asks about a token, unless the answer is known.
    ///
    /// - Parameters:
    ///   - token: the token as it came.
    ///   - digest: its SHA-256.
    ///   - issuer: whom to ask.
    /// - Returns: what the issuer says, or has said lately.
    package func ask(
        _ token: [UInt8], digest: SHA256Digest, of issuer: IntrospectionSettings
    ) async -> IntrospectionAnswer {
        .unavailable
    }
}
