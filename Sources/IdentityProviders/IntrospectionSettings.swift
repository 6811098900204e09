package import JOSE
package import Outbound
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
    /// What is asked.
    package var endpoint: ServiceURL
    /// Who the gateway is to the issuer.
    package var clientID: String
    /// How it proves that.
    package var authentication: Authentication
    /// Whom signed statements of the gateway are for; nil for the endpoint. Some providers take their issuer only.
    package var assertionAudience: String?
    /// How the endpoint is reached; a question takes `timeout` at most, and `connectionLimit` are sent at once.
    package var client: OutboundSettings
    /// How long an answer that a token is active is kept, if it does not expire earlier.
    package var cacheLifetime = Nanoseconds.seconds(30)
    /// How long an answer that it is not is kept.
    package var negativeCacheLifetime = Nanoseconds.seconds(5)

    /// - Parameters:
    ///   - name: the issuer's name in the configuration.
    ///   - endpoint: what is asked.
    ///   - clientID: who the gateway is to the issuer.
    ///   - authentication: how it proves that.
    ///   - client: how the endpoint is reached.
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
