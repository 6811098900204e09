internal import StrictJSON

/// What an access token says (RFC 9068 §2.2).
struct AccessTokenClaims {
    let issuer: String
    let subject: String
    let audience: [String]
    /// Absent where a user logs in without naming a client.
    let client: String?
    let scopes: [String]
    let roles: [String]
    let tokenID: String
    let issuedAt: Int
    let expiry: Int

    /// The claims as a JSON object.
    var json: [UInt8] {
        var members: [(String, JSONValue)] = [
            ("iss", .string(issuer)), ("sub", .string(subject)), ("aud", .elements(audience.map { .string($0) })),
        ]
        if let client { members.append(("client_id", .string(client))) }
        if !scopes.isEmpty { members.append(("scope", .string(scopes.joined(separator: " ")))) }
        if !roles.isEmpty { members.append(("roles", .elements(roles.map { .string($0) }))) }
        members += [("jti", .string(tokenID)), ("iat", .integer(issuedAt)), ("exp", .integer(expiry))]
        return JSONValue.members(members).line
    }
}
