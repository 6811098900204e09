internal import Bytes

/// Which client asks, and how it proves it (RFC 6749 §2.3.1).
package struct ClientCredential: Sendable, Equatable {
    package let identifier: String
    /// The secret; nil if the client only says who it is.
    package let secret: [UInt8]?

    init(identifier: String, secret: [UInt8]?) {
        self.identifier = identifier
        self.secret = secret
    }

    /// Reads the scheme `Basic` (RFC 7617 §2); identifier and secret are encoded as in a form. Both are empty where nothing
    /// was entered in an API console: that is no credential.
    ///
    /// - Parameter authorization: the value of the field.
    /// - Throws: `.invalidClient` for another scheme, `.invalidRequest` if the value is malformed.
    init?(authorization: Span<UInt8>) throws(TokenEndpointError) {
        var value: [UInt8] = []
        value.append(authorization)
        let parts = value.split(separator: UInt8(ascii: " "))
        guard let scheme = parts.first else { return nil }
        guard String(decoding: scheme, as: UTF8.self).lowercased() == "basic" else { throw .invalidClient }
        guard parts.count == 2, let pair = Base64.decode(Array(parts[1]).span, isPadded: true),
            let colon = pair.firstIndex(of: UInt8(ascii: ":")), let name = FormText.decode(pair[..<colon]),
            let secret = FormText.decode(pair[(colon + 1)...])
        else { throw .invalidRequest(.malformedCredential) }
        if name.isEmpty && secret.isEmpty { return nil }
        guard !name.isEmpty, let identifier = String(validating: name, as: UTF8.self) else {
            throw .invalidRequest(.malformedCredential)
        }
        self.init(identifier: identifier, secret: secret.isEmpty ? nil : secret)
    }
}
