package import Configuration
package import StrictJSON

/// How a decision came about, step by step, for people and for machines.
package struct Explanation: Sendable {
    /// What was found out in a step.
    package struct Fact: Sendable {
        /// How it went, where something was checked.
        package enum Mark: Sendable { case none, passed, failed }

        /// The key in JSON; its words separated by `_`.
        package let key: String
        /// The lines for people.
        package let lines: [String]
        /// How it went.
        package let mark: Mark
        let value: JSONValue
    }

    /// A step of the walk.
    package struct Step: Sendable {
        /// The key in JSON.
        package let key: String
        /// In the order in which they matter.
        package private(set) var facts: [Fact] = []

        init(_ key: String) {
            self.key = key
        }

        mutating func add(_ key: String, _ text: String?, _ mark: Fact.Mark = .none) {
            guard let text else { return }
            facts.append(Fact(key: key, lines: [text], mark: mark, value: .string(text)))
        }

        mutating func add(_ key: String, _ texts: [String], _ mark: Fact.Mark = .none) {
            let lines = texts.isEmpty ? ["none"] : [texts.map(Explainer.printable).joined(separator: " ")]
            facts.append(Fact(key: key, lines: lines, mark: mark, value: .elements(texts.map { .string($0) })))
        }

        /// Adds what a client sent, which people see in quotation marks.
        mutating func add(_ key: String, sent text: String?) {
            guard let text else { return }
            facts.append(Fact(key: key, lines: [Explainer.quoted(text)], mark: .none, value: .string(text)))
        }

        /// Adds a fact that is not written the same for people and for machines.
        mutating func add(_ key: String, _ value: JSONValue, lines: [String], _ mark: Fact.Mark = .none) {
            facts.append(Fact(key: key, lines: lines, mark: mark, value: value))
        }
    }

    /// What was decided.
    package let outcome: DecisionOutcome
    /// The steps as far as the walk came.
    package let steps: [Step]
    /// What would have made the gateway permit the request; empty if it did.
    package let remedies: [String]
    /// The configuration that decided: the hash that logs name.
    let configurationHash: String

    /// The explanation as a JSON object.
    package var json: JSONValue {
        let steps = steps.map { step in
            (step.key, JSONValue.members(step.facts.map { ($0.key, $0.value) }))
        }
        return .members(
            outcome.members + [
                ("would_pass", .elements(remedies.map { .string($0) })), ("steps", .members(steps)),
                ("config", .string(configurationHash)),
            ])
    }
}

extension Explainer {
    /// What becomes of a request, and how.
    ///
    /// - Parameters:
    ///   - supposed: the request.
    ///   - file: the configuration's file, for places in it.
    ///   - now: seconds since 1970.
    /// - Returns: what is decided, and why.
    /// - Throws: `ExplainerError` if its claims could not be made or signed.
    package func explain(_ supposed: SupposedRequest, file: String, now: Int) throws(ExplainerError) -> Explanation {
        let decided = try decide(supposed, now: now)
        let outcome = DecisionOutcome(decided, by: self)
        let places = ConfigurationPlaces(file: file, routes: configuration.routes)
        var steps = [requestStep(supposed, decided, places)]
        if decided.builtIn == nil, decided.trace.match != nil {
            steps.append(routeStep(decided, places))
            if let route = decided.verdict.route {
                if let step = credentialStep(supposed.credential, decided, on: route, now: now) { steps.append(step) }
                if let principal = decided.verdict.principal {
                    steps.append(authorizationStep(of: principal, decided, on: route))
                }
                if let rewrite = route.rewrite { steps.append(rewriteStep(rewrite, decided, places)) }
            }
        }
        return Explanation(
            outcome: outcome, steps: steps, remedies: remedies(for: decided, places),
            configurationHash: configuration.hash)
    }
}
