internal import StrictJSON

/// A token and what is told about it.
package struct IssuedToken: Sendable {
    /// The token in the compact serialization.
    package let token: [UInt8]
    /// What was granted, in file order.
    package let scopes: [String]
    /// How long the token is good, in seconds.
    package let lifetime: Int
    package let subject: String
    /// The client that asked, if it proved who it is.
    package let client: String?
    package let issuer: String
    /// `jti`.
    package let tokenID: String

    /// The body of the answer (RFC 6749 §5.1); without `scope` where nothing was granted.
    package var json: [UInt8] {
        var members: [(String, JSONValue)] = [
            ("access_token", .string(String(decoding: token, as: UTF8.self))), ("token_type", .string("bearer")),
            ("expires_in", .integer(lifetime)),
        ]
        if !scopes.isEmpty { members.append(("scope", .string(scopes.joined(separator: " ")))) }
        return JSONValue.members(members).line + [UInt8(ascii: "\n")]
    }
}
