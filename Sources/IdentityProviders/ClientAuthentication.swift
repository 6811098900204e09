internal import Bytes
internal import JOSE
internal import Outbound

/// How the gateway proves to an endpoint who it is; made once for many requests.
enum ClientAuthentication {
    /// RFC 6749 §2.3.1, first form: the value of `Authorization`.
    case basic(String)
    /// RFC 6749 §2.3.1, second form.
    case post(clientID: String, secret: [UInt8])
    /// RFC 7523 §2.2.
    case assertion(ClientAssertion)

    /// - Throws: `SigningKeyError` if there is no private key in the settings that fits.
    init(_ settings: IntrospectionSettings) throws(SigningKeyError) {
        switch settings.authentication {
        case .basic(let secret):
            self = .basic("Basic " + Self.credential(settings.clientID, secret))
        case .post(let secret):
            self = .post(clientID: settings.clientID, secret: secret)
        case .privateKey(let pem, let algorithm, let keyID):
            let key = try SigningKey(pem: pem.span, algorithm: algorithm)
            let audience = settings.assertionAudience ?? settings.endpoint.description
            self = .assertion(
                ClientAssertion(clientID: settings.clientID, audience: audience, key: key, keyID: keyID))
        }
    }

    /// Both parts are encoded as in a form first, so that a colon in the identifier does not end it.
    private static func credential(_ clientID: String, _ secret: [UInt8]) -> String {
        let parts = FormContent.encode(clientID.utf8) + [UInt8(ascii: ":")] + FormContent.encode(secret)
        let text = Base64.encode(parts.span).span.text
        return text + String(repeating: "=", count: -text.utf8.count & 3)
    }
}
