internal import Bytes

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
        var output: [UInt8] = []
        output.append("{\"access_token\":\"")
        output.append(token.span)
        output.append("\",\"token_type\":\"bearer\",\"expires_in\":")
        output.append(decimal: lifetime)
        if !scopes.isEmpty {
            output.append(",\"scope\":\"")
            output.append(contentsOf: scopes.joined(separator: " ").utf8)
            output.append("\"")
        }
        output.append("}\n")
        return output
    }
}
