import JOSE
import Outbound
import Transport

@testable import IdentityProviders

extension IntrospectionSettings {
    /// Settings as an operator may have written them.
    static func sample(
        name: String = "main", endpoint: String = "https://issuer.test/introspect", clientID: String = "gateway",
        authentication: Authentication = .basic(secret: Array("secret".utf8))
    ) throws -> IntrospectionSettings {
        IntrospectionSettings(
            name: name, endpoint: try ServiceURL(endpoint), clientID: clientID, authentication: authentication,
            client: OutboundSettings())
    }
}
