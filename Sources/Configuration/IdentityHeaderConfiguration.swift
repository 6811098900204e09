/// A field that tells the upstream something about who makes a request.
package struct IdentityHeaderConfiguration: Sendable, Equatable {
    /// The name of the field.
    package var name: String
    /// What it tells.
    package var source: IdentitySource

    /// The path of the claim that it tells; nil if it tells something else.
    package var claim: [String]? {
        if case .claim(let path) = source { path } else { nil }
    }
}

/// Where the value of such a field comes from.
package enum IdentitySource: Sendable, Equatable {
    case part(PrincipalPart)
    /// The claim at a path of keys.
    case claim([String])
}

/// What is known of whoever is authenticated, whatever the credential.
package enum PrincipalPart: String, Sendable, CaseIterable {
    case subject, client, issuer, scopes, roles
    case tokenID = "token_id"
}
