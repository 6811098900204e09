import JOSE
import Outbound
import Transport

@testable import IdentityProviders

/// An answer of a provider in tests.
func answer(
    _ text: String, status: Int = 200, mediaType: String? = "application/json"
) -> Result<OutboundResponse, OutboundError> {
    .success(OutboundResponse(status: status, mediaType: mediaType, content: Array(text.utf8)))
}

extension RemoteKeysSettings {
    /// Settings as an operator may have written them.
    static func sample(
        name: String = "main", issuer: String = "https://issuer.test", source: Source = .discovery
    ) throws -> RemoteKeysSettings {
        RemoteKeysSettings(name: name, issuer: issuer, source: source, client: OutboundSettings())
    }
}

/// Keys of providers in tests, as texts.
enum SampleKeys {
    /// A set of one new public key.
    static func set() throws -> String {
        String(decoding: try SigningKey(generating: .es256).publicKeySet(), as: UTF8.self)
    }

    /// A document of the issuer that names where its keys are.
    static func metadata(issuer: String = "https://issuer.test", keys: String = "https://issuer.test/keys") -> String {
        "{\"issuer\":\"\(issuer)\",\"jwks_uri\":\"\(keys)\"}"
    }
}
