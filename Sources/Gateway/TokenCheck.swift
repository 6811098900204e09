import Authentication
package import Configuration
import JOSE
import StrictJSON

/// What a configuration thinks of a token.
package struct TokenCheck {
    /// The name in the configuration of the issuer whose key made the signature; nil if that was not shown.
    package let verifyingIssuer: String?
    /// Why the token is not accepted anywhere, for people; nil if it is.
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
        verifyingIssuer = Self.verifyingIssuer(of: token, in: configuration)
        do throws(TokenError) {
            _ = try evaluator.identify(token, now: now)
            refusal = nil
        } catch {
            refusal = "\(error.description) (\(error.reason))"
        }
    }

    private static func verifyingIssuer(of token: Span<UInt8>, in configuration: GatewayConfiguration) -> String? {
        guard let signed = try? SignedToken(compact: token, maximumSize: configuration.limits.token),
            let name = signed.unverifiedIssuer,
            let issuer = configuration.issuers.first(where: { $0.issuer.isExactly(name) })
        else { return nil }
        let verifier = TokenVerifier(keys: issuer.keys, algorithms: AlgorithmSet(issuer.algorithms))
        return (try? verifier.verify(signed)) == nil ? nil : issuer.name
    }
}
