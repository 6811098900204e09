package import StrictJSON

/// What the issuer says about a token.
package enum IntrospectionAnswer: Sendable {
    /// It is good: what the issuer says of it, and until when (seconds since 1970) the answer may be believed. An end that is
    /// not after now makes it good for the request that it was asked for, and no other.
    case active(JSONNode, end: Int)
    /// It is not.
    case inactive
    /// The issuer could not be asked.
    case unavailable
}
