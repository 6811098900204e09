package import JOSE
package import StrictJSON

/// What has to be found out elsewhere before a token can be judged.
package enum TokenQuestion: Equatable, Sendable {
    /// Which keys the issuer has: there are none that may be used, or none of that name. The issuer's position.
    case keys(issuer: Int)
    /// What the issuer says about the token.
    case status(issuer: Int, token: OpaqueToken)
}

/// A token that its issuer is to be asked about; it never prints.
package struct OpaqueToken: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package let bytes: [UInt8]
    package let digest: SHA256Digest

    package var description: String { "a token" }
    package var debugDescription: String { description }
}

/// What the issuer says about a token (RFC 7662 §2.2).
package enum TokenStatus: Sendable {
    /// It is good; what is said of it, and until when that may be believed, in seconds since 1970.
    case active(JSONNode, end: Int)
    case inactive
    /// The issuer cannot be asked.
    case unknown
}
