import Authentication
import Authorization
import Bytes
import IdentityProviders
import Transport

/// What the evaluator cannot know by itself.
extension Exchange {
    /// Decides; what has to be found out first is asked for once.
    func decide(for client: Client) async throws(Refusal) -> Permit {
        let began = Instant.now
        do throws(Refusal) {
            return try decide(for: client, since: began)
        } catch {
            guard case .unusableToken(.undecided(let question)) = error else { throw error }
            return try decide(for: client, since: began, knowing: await answer(to: question))
        }
    }

    /// Asks the issuer. How long that may take is bounded there.
    ///
    /// - Returns: what it says about the token, if that was the question; its keys are taken over when the request is decided.
    private func answer(to question: TokenQuestion) async -> TokenStatus? {
        let (evaluator, providers) = (generation.evaluator, resources.providers)
        switch question {
        case .keys(let issuer):
            guard case .keys(let settings) = evaluator.sources[issuer] else { return nil }
            let answer = await providers.keys.refresh(settings)
            evaluator.note(answer, ofIssuerAt: issuer, now: resources.loop.seconds)
            return nil
        case .status(let issuer, let token):
            guard case .status(let settings) = evaluator.sources[issuer] else { return .unknown }
            switch await providers.introspection.ask(token.bytes, digest: token.digest, of: settings) {
            case .active(let node, let end): return .active(node, end: end)
            case .inactive: return .inactive
            case .unavailable: return .unknown
            }
        }
    }

    /// Whether the token was revoked after the exchange was decided.
    var isRevoked: Bool {
        let trust = resources.providers.trust
        guard trust.version != trustVersion, let principal else { return false }
        let evaluator = resources.generation.evaluator
        trustVersion = evaluator.follow(trust)
        return evaluator.isRevoked(principal, now: resources.loop.seconds)
    }
}
