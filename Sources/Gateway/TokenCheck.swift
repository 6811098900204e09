import Authentication
package import Configuration
import JOSE
import Revocation
import StrictJSON

/// What a configuration thinks of a token.
package struct TokenCheck {
    /// The name in the configuration of the issuer whose key made the signature; nil if that was not shown.
    package let verifyingIssuer: String?
    /// The name of the issuer whose provider would have to be asked, which only a running gateway does; nothing was verified
    /// then.
    package let unaskedIssuer: String?
    /// Why the token is not accepted anywhere, for people; nil if it is, or if that is not known.
    package let refusal: String?

    /// Verifies a token as the gateway would.
    ///
    /// - Parameters:
    ///   - token: the token in the compact serialization.
    ///   - configuration: the issuers.
    ///   - now: seconds since 1970.
    /// - Throws: what the configuration's reader should have found: a fault of ours.
    package init(_ token: Span<UInt8>, by configuration: GatewayConfiguration, now: Int) throws(EvaluatorError) {
        let evaluator = try Evaluator(configuration)
        evaluator.revoke(Denylist(configuration.revocations))
        let signed = try? SignedToken(compact: token, maximumSize: configuration.limits.token)
        let named = signed?.unverifiedIssuer
        let issuer = named.flatMap { name in configuration.issuers.first { $0.issuer.isExactly(name) } }
        if let issuer, issuer.keySource.provider != nil {
            (verifyingIssuer, unaskedIssuer, refusal) = (nil, issuer.name, nil)
            return
        }
        unaskedIssuer = nil
        verifyingIssuer = Self.verifies(issuer, signed) ? issuer?.name : nil
        do throws(TokenError) {
            _ = try evaluator.identify(token, now: now)
            refusal = nil
        } catch {
            refusal = "\(error.description) (\(error.reason))"
        }
    }

    private static func verifies(_ issuer: IssuerConfiguration?, _ signed: SignedToken?) -> Bool {
        guard let issuer, let signed else { return false }
        let verifier = TokenVerifier(keys: issuer.keys, algorithms: AlgorithmSet(issuer.algorithms))
        return (try? verifier.verify(signed)) != nil
    }
}
