package import Outbound
package import Transport

/// Where the keys of an issuer are fetched from, and how often.
package struct RemoteKeysSettings: Sendable, Hashable {
    /// Where the URL of the keys comes from.
    package enum Source: Sendable, Hashable {
        /// The issuer's metadata: OpenID Connect Discovery 1.0 §4, then RFC 8414 §3.
        case discovery
        /// This URL.
        case url(ServiceURL)
    }

    /// The issuer's name in the configuration, for logs and files.
    package var name: String
    /// What `iss` is, and the `issuer` of its metadata must be.
    package var issuer: String
    package var source: Source
    package var client: OutboundSettings
    /// How often keys are fetched, a tenth more or less.
    package var refreshInterval = Nanoseconds.seconds(300)
    /// How long nothing is fetched after a fetch, whatever the reason.
    package var minimumInterval = Nanoseconds.seconds(10)
    /// How old keys may become that cannot be fetched anew.
    package var maximumAge = Nanoseconds.seconds(86400)

    package init(name: String, issuer: String, source: Source, client: OutboundSettings) {
        self.name = name
        self.issuer = issuer
        self.source = source
        self.client = client
    }
}
