internal import Bytes

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
        var output: [UInt8] = []
        output.append("{\"iss\":")
        Self.append(issuer, to: &output)
        output.append(",\"sub\":")
        Self.append(subject, to: &output)
        output.append(",\"aud\":")
        Self.append(audience, to: &output)
        if let client {
            output.append(",\"client_id\":")
            Self.append(client, to: &output)
        }
        if !scopes.isEmpty {
            output.append(",\"scope\":")
            Self.append(scopes.joined(separator: " "), to: &output)
        }
        if !roles.isEmpty {
            output.append(",\"roles\":")
            Self.append(roles, to: &output)
        }
        output.append(",\"jti\":")
        Self.append(tokenID, to: &output)
        output.append(",\"iat\":")
        output.append(decimal: issuedAt)
        output.append(",\"exp\":")
        output.append(decimal: expiry)
        output.append("}")
        return output
    }

    private static func append(_ texts: [String], to output: inout [UInt8]) {
        output.append("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { output.append(",") }
            append(text, to: &output)
        }
        output.append("]")
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        output.append("\"")
        output.append(jsonText: text.utf8.span)
        output.append("\"")
    }
}
