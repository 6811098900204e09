import Authentication
import Bytes
import Configuration
import IdentityProviders
import JOSE
import Outbound
import Transport

/// What an issuer has to be asked for while the configuration is in force.
enum TokenSource {
    /// Nothing.
    case configuration
    /// Its keys.
    case keys(RemoteKeysSettings)
    /// Each token.
    case status(IntrospectionSettings)

    init(_ source: KeySourceConfiguration) {
        switch source {
        case .file, .pemFile, .secret, .inline, .tokenEndpoint: self = .configuration
        case .remote(let settings): self = .keys(settings)
        case .introspection(let settings): self = .status(settings)
        }
    }

    /// How tokens are verified.
    var verification: TokenVerification {
        switch self {
        case .configuration: .keys
        case .keys: .fetchedKeys
        case .status(let settings): .status(settings.fingerprint)
        }
    }
}

extension IntrospectionSettings {
    /// The same for the same endpoint, known by the same certificates, asked by the same client and believed for as long: the
    /// answers of another are not its own (security.md, rule 15).
    fileprivate var fingerprint: SHA256Digest {
        var bytes: [UInt8] = []
        bytes.append(decimal: Int(cacheLifetime.count))
        for text in [endpoint.description, clientID, client.tls.serverName ?? ""] { bytes.append(counted: text.utf8) }
        bytes.append(counted: client.tls.authorities ?? [])
        return SHA256.hash(bytes.span)
    }
}

extension GatewayConfiguration {
    /// Where keys are fetched from.
    var remoteKeys: [RemoteKeysSettings] {
        issuers.compactMap { if case .remote(let settings) = $0.keySource { settings } else { nil } }
    }

    /// The issuers that are asked about tokens.
    var introspections: [IntrospectionSettings] {
        issuers.compactMap { if case .introspection(let settings) = $0.keySource { settings } else { nil } }
    }

    /// The keys without which nothing is to be accepted.
    var awaitedKeys: [RemoteKeysSettings] {
        issuers.compactMap {
            if $0.waitsForKeys, case .remote(let settings) = $0.keySource { settings } else { nil }
        }
    }
}
