internal import Bytes
package import JOSE

/// A credential of a machine: a secret that the gateway makes, of which the configuration holds the hash.
///
/// The secret is `gwk_` and 32 random bytes in base64url. With that much to guess, a plain SHA-256 of it gives nothing away,
/// and looking it up by that hash takes the same time whatever was sent. No signed token can begin with `gwk_`: its header
/// would not be JSON.
package struct APIKey: Sendable {
    /// Its name in the configuration, and its holder's as the subject.
    package let name: String
    /// The SHA-256 of the secret.
    package let hash: SHA256Digest
    /// The scopes of whoever sends it.
    package let scopes: [String]
    /// The roles of whoever sends it.
    package let roles: [String]
    /// When it ceases to be good, in seconds since 1970; nil for never.
    package let expiry: Int?

    /// - Parameters:
    ///   - name: its name in the configuration.
    ///   - hash: the SHA-256 of the secret.
    ///   - scopes: the scopes of whoever sends it.
    ///   - roles: the roles of whoever sends it.
    ///   - expiry: when it ceases to be good, in seconds since 1970; nil for never.
    package init(name: String, hash: SHA256Digest, scopes: [String], roles: [String], expiry: Int?) {
        self.name = name
        self.hash = hash
        self.scopes = scopes
        self.roles = roles
        self.expiry = expiry
    }

    /// Makes a secret that nobody can guess.
    package static func makeSecret() -> [UInt8] {
        var numbers = RandomNumbers()
        let bytes = numbers.bytes(count: 32)
        return Array("gwk_".utf8) + Base64URL.encode(bytes.span)
    }

    /// Whether a credential is meant as a secret of this kind.
    static func isMeant(by credential: Span<UInt8>) -> Bool {
        credential.count >= 4 && credential.extracting(..<4).equals("gwk_")
    }

    /// Whether a credential has the form of a secret.
    static func isSecret(_ credential: Span<UInt8>) -> Bool {
        credential.count == 47 && isMeant(by: credential) && Base64URL.decode(credential.extracting(4...)) != nil
    }
}

/// Why an API key is not usable.
package enum APIKeyFault: Equatable, Sendable {
    /// It is not `gwk_` and 32 bytes in base64url.
    case malformed
    /// Its hash is not in the configuration.
    case unknown
    case expired
}
