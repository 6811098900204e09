package import JOSE
import Revocation

/// The credentials of machines that are good here.
package struct APIKeysConfiguration: Sendable, Equatable {
    /// What routes call API keys among their issuers.
    package static let issuerName = RevocableToken.apiKeyIssuer

    /// The field that may carry a key in the place of `Authorization`; nil for none.
    package var header: String?
    /// The keys, in file order; at least one.
    package var keys: [APIKeyConfiguration]
    /// How scopes and roles come together for keys; nil for the way of all.
    package var grant: ScopeGrant?
}

/// One API key.
package struct APIKeyConfiguration: Sendable, Equatable {
    /// The name in the file, and its holder's as the subject.
    package var name: String
    /// The SHA-256 of the key.
    package var hash: SHA256Digest
    /// The scopes of its holder.
    package var scopes: [String]
    /// The roles of its holder.
    package var roles: [String]
    /// When it ceases to be good, in seconds since 1970; nil for never.
    package var expiry: Int?
}
