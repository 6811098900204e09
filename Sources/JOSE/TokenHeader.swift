internal import StrictJSON

/// The header of a token (RFC 7515 §4.1, RFC 7519 §5): what is taken from it, after what is refused in it.
struct TokenHeader {
    let algorithm: SignatureAlgorithm
    let keyID: String?
    let type: String?

    /// - Parameter node: the header, an object.
    /// - Throws: `TokenFault.malformed` or `TokenFault.unsupportedAlgorithm`.
    init(_ node: JSONNode) throws(TokenFault) {
        var algorithmName: String?
        var keyID: String?
        var type: String?
        for member in node.object ?? [] {
            switch member.name {
            case "alg": algorithmName = try Self.text(member.node)
            case "kid": keyID = try Self.text(member.node)
            case "typ": type = try Self.text(member.node)
            case "crit", "b64": throw .malformed(.criticalExtension)
            case "jwk", "jku", "x5u": throw .malformed(.embeddedKey)
            case "cty": if Self.namesToken(try Self.text(member.node)) { throw .malformed(.nested) }
            default: break
            }
        }
        guard let algorithmName else { throw .malformed(.headerParameter) }
        guard let algorithm = SignatureAlgorithm(name: algorithmName) else { throw .unsupportedAlgorithm }
        self.algorithm = algorithm
        self.keyID = keyID
        self.type = type
    }

    private static func text(_ node: JSONNode) throws(TokenFault) -> String {
        guard let text = node.string else { throw .malformed(.headerParameter) }
        return text
    }

    /// Whether a content type says that the payload is a token again.
    private static func namesToken(_ contentType: String) -> Bool {
        let lowercase = contentType.lowercased()
        return lowercase == "jwt" || lowercase == "application/jwt" || lowercase.hasSuffix("+jwt")
    }
}
