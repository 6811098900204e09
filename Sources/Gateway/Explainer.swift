import AccessLog
package import Configuration
import HTTP
import JOSE
import Revocation
import Routing
import StrictJSON

/// Decides supposed requests as the gateway would, with its evaluator and without its sockets, and explains how.
///
/// Requests are read by the gateway's parser. Supposed claims become a token that a key made for this purpose signs, and
/// that an evaluator of the same configuration verifies which knows this key alone: no other path leads to a decision.
package final class Explainer {
    let configuration: GatewayConfiguration
    let evaluator: Evaluator
    /// The same, but every issuer has the one key that supposed claims are signed with.
    private let rehearsal: Evaluator
    private let key: SigningKey
    private let settings: GatewaySettings
    private let listener: ListenerSettings

    /// What became of a supposed request, and how.
    struct Decided {
        let target: RequestTarget
        let host: HostName
        let method: Method
        let verdict: Verdict
        /// Nil if the request is permitted.
        let refusal: Refusal?
        /// Whether the gateway answers by itself, without a route of the configuration.
        let builtIn: BuiltInPath?
        let trace: DecisionTrace

        /// The position of the route that the canonical path finds, also where another reading refuses the request.
        var found: Int? { if case .found(let index) = trace.match { index } else { nil } }
    }

    /// - Parameter configuration: what decides; requests come to its first listener.
    /// - Throws: `ExplainerError`: a fault of ours, or of OpenSSL.
    package init(_ configuration: GatewayConfiguration) throws(ExplainerError) {
        self.configuration = configuration
        settings = GatewaySettings(configuration)
        let first = configuration.listeners[0]
        listener = ListenerSettings(
            first, id: ListenerID.all(in: configuration)[0],
            resources: first.publishedURL.map { ResourceDocuments(configuration, behind: $0) })
        do {
            key = try SigningKey(generating: .es256)
            let keys = try KeySet(jwks: key.publicKeySet().span)
            var rehearsed = configuration
            for index in rehearsed.issuers.indices {
                rehearsed.issuers[index].keySource = .inline
                rehearsed.issuers[index].keys = keys
                rehearsed.issuers[index].algorithms = [key.algorithm]
            }
            evaluator = try Evaluator(configuration)
            rehearsal = try Evaluator(rehearsed)
            let denylist = Denylist(configuration.revocations)
            evaluator.revoke(denylist)
            rehearsal.revoke(denylist)
        } catch let error as EvaluatorError {
            throw .evaluator(error)
        } catch {
            throw .noKey
        }
    }

    /// What becomes of a request.
    ///
    /// - Parameters:
    ///   - supposed: the request.
    ///   - now: seconds since 1970.
    /// - Returns: what is decided.
    /// - Throws: `ExplainerError` if its claims could not be made or signed.
    package func outcome(of supposed: SupposedRequest, now: Int) throws(ExplainerError) -> DecisionOutcome {
        DecisionOutcome(try decide(supposed, now: now), by: self)
    }

    func decide(_ supposed: SupposedRequest, now: Int) throws(ExplainerError) -> Decided {
        var head = Array(
            "\(supposed.method) \(supposed.target) HTTP/1.1\r\nHost: \(supposed.host ?? "localhost")\r\n".utf8)
        if let token = try token(of: supposed.credential, now: now) {
            head += Array("Authorization: Bearer ".utf8) + token + Array("\r\n".utf8)
        }
        head += Array("\r\n".utf8)
        let deciding = if case .token = supposed.credential { evaluator } else { rehearsal }
        let trace = DecisionTrace()
        var request = Request()
        var verdict = Verdict()
        var refusal: Refusal?
        var builtIn: BuiltInPath?
        do throws(Refusal) {
            try parse(head, into: &request)
            let path = request.target.path
            builtIn = deciding.builtInPath(path.span, on: listener)
            if let builtIn {
                guard builtIn.methods.contains(request.method) else { throw .methodNotAllowed(builtIn.methods) }
                if builtIn == .resourceMetadata, listener.resources?.document(at: path, in: deciding) == nil {
                    throw .noRoute
                }
            } else {
                _ = try deciding.decide(request, at: listener, now: now, into: &verdict, tracing: trace)
            }
        } catch {
            refusal = error
        }
        return Decided(
            target: request.target, host: request.host, method: request.method, verdict: verdict,
            refusal: refusal, builtIn: builtIn, trace: trace)
    }

    private func parse(_ head: [UInt8], into request: inout Request) throws(Refusal) {
        var parser = RequestParser(limits: settings.messageLimits, defaultPort: listener.defaultPort)
        do throws(ParseError) {
            // What ends with an empty line is complete, or is no head at all.
            guard try parser.parse(head.span, into: &request) == head.count else { throw .malformedRequestLine }
        } catch {
            throw .rejected(error)
        }
    }

    /// The token that a credential stands for; nil if it is none.
    private func token(
        of credential: SupposedRequest.Credential, now: Int
    ) throws(ExplainerError) -> [UInt8]? {
        let claims: SupposedClaims
        switch credential {
        case .none: return nil
        case .token(let token): return token
        case .claims(let members): claims = SupposedClaims(members, issuers: configuration.issuers)
        case .granted(let scopes, let roles, let name):
            let issuers = configuration.issuers
            guard let issuer = issuers.first(where: { name == nil || $0.name == name }) else { throw .unknownIssuer }
            claims = SupposedClaims(granting: scopes, roles: roles, by: issuer, now: now)
        }
        let named = claims.members.first { $0.name == "iss" }?.node.string
        let type = configuration.issuers.first { $0.issuer == named }?.tokenType ?? "JWT"
        let header = JSONValue.members([("alg", .string(key.algorithm.name)), ("typ", .string(type))])
        let payload = JSONValue.object(claims.members)
        guard let token = key.token(header: header.line.span, claims: payload.line.span) else { throw .noKey }
        return token
    }

    /// The status of a refusal, and its challenge, as they are on the wire.
    func answer(to refusal: Refusal, on route: GatewayRoute?) -> (status: Int, challenge: String?) {
        let challenge = Challenge(
            refusal: refusal, realm: settings.refusals.realm,
            scopes: route.map { evaluator.challengeScopes(on: $0) } ?? [],
            resourceMetadata: route.flatMap { listener.resources?.url(along: $0) })
        var text: [UInt8] = []
        let isThere = challenge.append(to: &text, hidesUnmatched: settings.refusals.hidesUnmatched)
        return (refusal.status(settings.refusals), isThere ? String(decoding: text, as: UTF8.self) : nil)
    }
}

/// Why a supposed request could not be decided on.
package enum ExplainerError: Error {
    case evaluator(EvaluatorError)
    /// OpenSSL made no key, or did not sign.
    case noKey
    /// The configuration has no issuer of the name that was given, or none at all.
    case unknownIssuer

    /// What is wrong, for people.
    package var message: String {
        switch self {
        case .evaluator(let error): "the configuration cannot be decided on: \(error)"
        case .noKey: "OpenSSL could not sign the claims"
        case .unknownIssuer: "the configuration has no such issuer"
        }
    }
}
