internal import Bytes

/// A request to the token endpoint (RFC 6749 §4.3.2 and §4.4.2).
package struct TokenRequest: Sendable {
    /// What the token is asked with.
    package enum Grant: Sendable {
        case password(user: String, password: [UInt8])
        case clientCredentials
    }

    package let grant: Grant
    /// The client that asks, if it says who it is.
    package let client: ClientCredential?
    /// The scopes that are asked for; nil for all.
    package let scopes: [String]?

    /// - Parameters:
    ///   - form: the body.
    ///   - authorization: the value of the field `Authorization`, if there is one.
    /// - Throws: `TokenEndpointError`: what is wrong with the request.
    package init(_ form: Form, authorization: Span<UInt8>?) throws(TokenEndpointError) {
        client = try Self.client(form, authorization)
        switch try form.text(of: "grant_type") {
        case "password":
            guard let user = try form.text(of: "username"), let password = form.bytes(of: "password") else {
                throw .invalidRequest(.missingParameter)
            }
            grant = .password(user: user, password: password)
        case "client_credentials": grant = .clientCredentials
        case nil: throw .invalidRequest(.missingParameter)
        default: throw .unsupportedGrantType
        }
        scopes = try form.bytes(of: "scope").map(Self.scopes)
    }

    /// Reads a list of scopes (RFC 6749 §3.3).
    ///
    /// - Throws: `TokenEndpointError.invalidScope` if one is malformed.
    package static func scopes(_ bytes: [UInt8]) throws(TokenEndpointError) -> [String] {
        var scopes: [String] = []
        for part in bytes.split(separator: UInt8(ascii: " ")) {
            for byte in part {
                guard (0x21...0x7E).contains(byte), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
                    throw .invalidScope
                }
            }
            scopes.append(String(decoding: part, as: UTF8.self))
        }
        return scopes
    }

    /// The client (RFC 6749 §2.3.1), which must not authenticate in two ways.
    private static func client(
        _ form: Form, _ authorization: Span<UInt8>?
    ) throws(TokenEndpointError) -> ClientCredential? {
        let identifier = try form.text(of: "client_id")
        let secret = form.bytes(of: "client_secret")
        var basic: ClientCredential?
        if let authorization { basic = try ClientCredential(authorization: authorization) }
        guard let basic else {
            guard let identifier else {
                guard secret == nil else { throw .invalidRequest(.missingParameter) }
                return nil
            }
            return ClientCredential(identifier: identifier, secret: secret)
        }
        guard secret == nil, identifier == nil || identifier == basic.identifier else {
            throw .invalidRequest(.severalClients)
        }
        return basic
    }
}
