import AccessLog
import Authentication
import Bytes
import Configuration
import HTTP
import JOSE
import StrictJSON

/// What was found out about the credential.
extension Explainer {
    /// - Returns: nil on a public route, where no credential is looked at.
    func credentialStep(
        _ credential: SupposedRequest.Credential, _ decided: Decided, on route: GatewayRoute, now: Int
    ) -> Explanation.Step? {
        guard !route.isPublic else { return nil }
        var step = Explanation.Step("token")
        let examination = decided.trace.token
        switch credential {
        case .none:
            step.add("sent", .bool(false), lines: ["no"], .failed)
            return step
        case .token: addHeader(of: examination, to: &step)
        case .claims, .granted:
            step.add("signature", .string("not checked"), lines: ["not checked: the claims were given, not a token"])
        }
        step.add("iss", sent: examination.claimedIssuer)
        addIssuer(examination, on: route, to: &step)
        addChecks(examination, now: now, to: &step)
        if let principal = decided.verdict.principal {
            step.add("subject", sent: principal.subject)
            step.add("client", sent: principal.client)
            step.add("token_id", sent: principal.tokenID)
        }
        if case .unusableToken(let error) = decided.trace.shadowed ?? decided.refusal {
            step.add("error", error.description, .failed)
        }
        return step
    }

    private func addHeader(of examination: TokenExamination, to step: inout Explanation.Step) {
        guard let algorithm = examination.algorithm else { return }
        step.add("alg", algorithm.name)
        step.add("kid", sent: examination.keyID)
        guard let issuer = issuer(of: examination) else { return }
        step.add("algorithms", issuer.algorithms.map(\.name), issuer.accepts(algorithm) ? .passed : .failed)
        guard issuer.keySource.provider == nil else {
            step.add("keys", .null, lines: ["not known: only a running gateway asks the provider"], .failed)
            return
        }
        let known = issuer.keys.keys.enumerated().map { Self.name(of: $1, number: $0) }
        guard let key = examination.key, let number = issuer.keys.keys.firstIndex(where: { $0 === key }) else {
            step.add("keys", .elements(known.map { .string($0) }), lines: known, .failed)
            return
        }
        step.add("key", known[number], .passed)
        if examination.claims != nil {
            step.add("signature", "good", .passed)
        } else if issuer.accepts(algorithm) {
            step.add("signature", "not that of the key", .failed)
        }
    }

    private static func name(of key: VerificationKey, number: Int) -> String {
        let name = key.keyID.map(quoted) ?? "number \(number + 1), without kid"
        return key.algorithm.map { "\(name) (\($0.name))" } ?? name
    }

    private func issuer(of examination: TokenExamination) -> IssuerConfiguration? {
        examination.issuerIndex.map { configuration.issuers[$0] }
    }

    private func addIssuer(
        _ examination: TokenExamination, on route: GatewayRoute, to step: inout Explanation.Step
    ) {
        guard examination.algorithm != nil else { return }
        let accepted = configuration.issuers.indices.filter { route.issuers?.contains($0) ?? true }
        let names = accepted.map { configuration.issuers[$0].name }
        let isAccepted = examination.issuerIndex.map(accepted.contains) ?? false
        let name = issuer(of: examination)?.name
        step.add(
            "issuer", name.map { .string($0) } ?? .null, lines: [name ?? "none has this iss"],
            isAccepted ? .passed : .failed)
        if !isAccepted {
            step.add(
                "accepted_issuers", .elements(names.map { .string($0) }),
                lines: accepted.map {
                    "\(configuration.issuers[$0].name): \(Self.quoted(configuration.issuers[$0].issuer))"
                })
        }
    }

    private func addChecks(_ examination: TokenExamination, now: Int, to step: inout Explanation.Step) {
        guard let issuer = issuer(of: examination), let claims = examination.claims else { return }
        for check in examination.checks {
            let words = words(for: check.subject, examination, claims, issuer, now)
            let error: [(String, JSONValue)] = check.error.map { [("reason", .string($0.logReason.rawValue))] } ?? []
            let value: [(String, JSONValue)] = words.value.map { [("value", $0)] } ?? []
            step.add(
                check.subject, .members(value + [("passed", .bool(check.error == nil))] + error), lines: [words.text],
                check.error == nil ? .passed : .failed)
        }
    }

    /// What a check looked at, for people and for machines.
    private func words(
        for subject: String, _ examination: TokenExamination, _ claims: VerifiedClaims, _ issuer: IssuerConfiguration,
        _ now: Int
    ) -> (text: String, value: JSONValue?) {
        let skew = "\(issuer.clockSkew.components.seconds) s of skew"
        func time(_ seconds: Int?, absent: String) -> (String, JSONValue?) {
            guard let seconds else { return (absent, nil) }
            return ("\(Self.date(seconds)), \(Self.distance(seconds - now)), \(skew)", .integer(seconds))
        }
        switch subject {
        case "typ":
            let wanted = issuer.tokenType ?? "JWT, at+jwt or none"
            return (
                "\(examination.type.map(Self.quoted) ?? "none"); \(wanted) is good",
                examination.type.map { .string($0) }
            )
        case "exp": return time(claims.expiry, absent: issuer.requiresExpiry ? "missing" : "none, and none is needed")
        case "nbf": return time(claims.notBefore, absent: "none")
        case "iat": return time(claims.issuedAt, absent: "none")
        case "aud":
            let wanted =
                if case .oneOf(let names) = issuer.audience { "one of \(Self.list(names))" } else { "any" }
            return ("\(Self.list(claims.audience)); \(wanted) is good", .elements(claims.audience.map { .string($0) }))
        case "lifetime":
            guard let maximum = issuer.maximumLifetime?.components.seconds else { return ("any is good", nil) }
            let start = claims.issuedAt ?? now
            let lifetime = claims.expiry.map { $0 - start }
            return ("\(lifetime.map { "\($0) s" } ?? "unlimited"); at most \(maximum) s", lifetime.map { .integer($0) })
        default:
            return (claims.node[subject] == nil ? "missing, and required" : "there, as required", nil)
        }
    }

    private static func list(_ texts: [String]) -> String {
        texts.isEmpty ? "none" : texts.map(quoted).joined(separator: ", ")
    }

    /// The text in quotation marks, on one line whatever it holds.
    static func quoted(_ text: String) -> String {
        String(decoding: JSONValue.string(text).line, as: UTF8.self)
    }

    /// A time of day in UTC; the bare number where it is beyond the years that are written with four digits.
    static func date(_ seconds: Int) -> String {
        guard (0..<253_402_300_800).contains(seconds) else { return "\(seconds)" }
        var text: [UInt8] = []
        var timestamp = Timestamp()
        timestamp.append(Int64(seconds) * 1_000_000, to: &text)
        return String(decoding: text.prefix(19), as: UTF8.self) + "Z"
    }

    /// How far a time lies ahead or back.
    static func distance(_ seconds: Int) -> String {
        seconds >= 0 ? "in \(seconds) s" : "\(-seconds) s ago"
    }
}

extension IssuerConfiguration {
    fileprivate func accepts(_ algorithm: SignatureAlgorithm) -> Bool { AlgorithmSet(algorithms).contains(algorithm) }
}
