internal import Bytes
internal import JOSE
internal import StrictJSON

/// Signed statements of the gateway about itself, with which a provider knows who asks (RFC 7523 §2.2).
struct ClientAssertion: Sendable {
    /// The value of `client_assertion_type`.
    static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// How long a statement is good, in seconds.
    static let lifetime = 60

    let clientID: String
    /// Who the provider is, which RFC 7523 §3 leaves open: the URL of the endpoint, or the provider's issuer. The operator
    /// wrote down either, so no server can have the gateway sign a statement that is good at another one.
    let audience: String
    let key: SigningKey
    let keyID: String?

    /// A new statement, for one request: providers may refuse a `jti` that they have seen.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: the statement in the compact serialization, or nil if it cannot be signed.
    func text(now: Int) -> [UInt8]? {
        var header: [(String, JSONValue)] = [("alg", .string(key.algorithm.name)), ("typ", .string("JWT"))]
        if let keyID { header.append(("kid", .string(keyID))) }
        var numbers = RandomNumbers()
        let identifier = Base64URL.encode(numbers.bytes(count: 16).span)
        let claims: [(String, JSONValue)] = [
            ("iss", .string(clientID)), ("sub", .string(clientID)), ("aud", .string(audience)),
            ("jti", .string(identifier.span.text)), ("iat", .integer(now)), ("exp", .integer(now + Self.lifetime)),
        ]
        return key.token(header: JSONValue.members(header).line.span, claims: JSONValue.members(claims).line.span)
    }
}
