package import JOSE

/// What was found out about a token, as far as it was looked at, for explaining the outcome; never the token itself.
///
/// The authenticator fills it while it decides, and only for who asks: the tokens of requests are not examined.
package final class TokenExamination {
    /// Something that a token with a good signature must fulfil.
    package struct Check: Sendable {
        /// The claim or header parameter, or `lifetime`.
        package let subject: String
        /// Nil if it is fulfilled.
        package let error: TokenError?
    }

    /// What the header names (`alg`); nil if the token could not be read.
    package internal(set) var algorithm: SignatureAlgorithm?
    /// What the header names (`kid`), or nil.
    package internal(set) var keyID: String?
    /// What the header names (`typ`), or nil.
    package internal(set) var type: String?
    /// What the token claims (`iss`), or nil.
    package internal(set) var claimedIssuer: String?
    /// The position of the issuer that it claims, among all; nil if there is none, or the token could not be read.
    package internal(set) var issuerIndex: Int?
    /// The key that its signature is checked with; nil if there is none.
    package internal(set) var key: VerificationKey?
    /// The claims, once the signature was found good.
    package internal(set) var claims: VerifiedClaims?
    /// All that is checked then, in the order in which the first that is not fulfilled refuses the token.
    package internal(set) var checks: [Check] = []

    /// Makes an examination of nothing yet.
    package init() {}

    func add(_ subject: String, _ check: () throws(TokenError) -> Void) {
        do throws(TokenError) {
            try check()
            checks.append(Check(subject: subject, error: nil))
        } catch {
            checks.append(Check(subject: subject, error: error))
        }
    }
}
