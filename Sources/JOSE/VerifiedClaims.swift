package import StrictJSON

/// The claims of a token whose signature is good (RFC 7519 §4), which only `TokenVerifier` makes, or what its issuer says of it.
package struct VerifiedClaims: Sendable {
    /// All claims, an object.
    package let node: JSONNode
    /// The identity of the key that signed them, or of how the issuer was asked.
    package let signingKey: SHA256Digest
    /// `iss`, or nil.
    package let issuer: String?
    /// `sub`, or nil.
    package let subject: String?
    /// `jti`, or nil.
    package let tokenID: String?
    /// `aud`; empty if there is none.
    package let audience: [String]
    /// `exp` in seconds since 1970, rounded down, or nil.
    package let expiry: Int?
    /// `nbf` in seconds since 1970, rounded up, or nil.
    package let notBefore: Int?
    /// `iat` in seconds since 1970, rounded down, or nil.
    package let issuedAt: Int?

    /// What an issuer says of a token that it was asked about (RFC 7662 §2.2).
    ///
    /// - Parameters:
    ///   - node: the answer, an object.
    ///   - way: how the issuer was asked.
    /// - Throws: `TokenFault.malformed(.claimType)` as for a token.
    package init(saidOf node: JSONNode, askedBy way: SHA256Digest) throws(TokenFault) {
        try self.init(node, signingKey: way)
    }

    /// - Parameters:
    ///   - node: the claims.
    ///   - signingKey: the identity of the key that signed them.
    /// - Throws: `TokenFault.malformed(.claimType)` if a registered claim has a value of another type.
    init(_ node: JSONNode, signingKey: SHA256Digest) throws(TokenFault) {
        var strings: (issuer: String?, subject: String?, tokenID: String?)
        var times: (expiry: Int?, notBefore: Int?, issuedAt: Int?)
        var audience: [String] = []
        let members = node.object ?? []
        // All registered names have three letters; members are looked at in place, as copying one takes longer.
        for index in members.indices where members[index].name.utf8.count == 3 {
            switch members[index].name {
            case "iss": strings.issuer = try Self.text(members[index].node)
            case "sub": strings.subject = try Self.text(members[index].node)
            case "jti": strings.tokenID = try Self.text(members[index].node)
            case "aud": audience = try Self.audience(members[index].node)
            case "exp": times.expiry = try Self.time(members[index].node, rounding: .down)
            case "nbf": times.notBefore = try Self.time(members[index].node, rounding: .up)
            case "iat": times.issuedAt = try Self.time(members[index].node, rounding: .down)
            default: break
            }
        }
        self.node = node
        self.signingKey = signingKey
        (issuer, subject, tokenID) = strings
        (expiry, notBefore, issuedAt) = times
        self.audience = audience
    }

    private static func text(_ node: JSONNode) throws(TokenFault) -> String {
        guard let text = node.string else { throw .malformed(.claimType) }
        return text
    }

    /// One string or an array of strings (RFC 7519 §4.1.3).
    private static func audience(_ node: JSONNode) throws(TokenFault) -> [String] {
        guard let elements = node.array else { return [try text(node)] }
        var audience: [String] = []
        for element in elements { audience.append(try text(element)) }
        return audience
    }

    /// A NumericDate (RFC 7519 §2) as whole seconds, rounded so that the token is good for no longer than it says.
    ///
    /// Refused: strings, what is negative, and what lies beyond 2⁵³ seconds, where doubles skip integers.
    private static func time(
        _ node: JSONNode, rounding rule: FloatingPointRoundingRule
    ) throws(TokenFault) -> Int {
        guard let number = node.number, number.text.utf8.first != UInt8(ascii: "-") else {
            throw .malformed(.claimType)
        }
        let limit = 1 << 53
        if let seconds = number.integer {
            guard seconds <= limit else { throw .malformed(.claimType) }
            return seconds
        }
        let seconds = number.asDouble.rounded(rule)
        guard seconds <= Double(limit) else { throw .malformed(.claimType) }
        return Int(seconds)
    }
}
