import AccessLog
package import Configuration
package import StrictJSON

/// What became of the request of a test, and whether that was expected.
package struct PolicyTestResult {
    private struct Difference {
        let key: String
        let expected: JSONValue
        let actual: JSONValue
    }

    private let test: PolicyTest
    private let outcome: DecisionOutcome
    private let differences: [Difference]

    /// Whether everything is as expected.
    package var hasPassed: Bool { differences.isEmpty }

    /// - Parameters:
    ///   - test: the test.
    ///   - outcome: what became of its request.
    package init(_ test: PolicyTest, _ outcome: DecisionOutcome) {
        self.test = test
        self.outcome = outcome
        let expected = test.expectation
        var differences: [Difference] = []
        func compare(_ key: String, _ wanted: String?, _ found: String?) {
            guard let wanted, found.map(wanted.isExactly) != true else { return }
            differences.append(
                Difference(key: key, expected: .string(wanted), actual: found.map { .string($0) } ?? .null))
        }
        compare("decision", expected.decision, outcome.decision.word.description)
        compare("reason", expected.reason, outcome.reason.rawValue)
        compare("route", expected.route, outcome.route)
        if let status = expected.status, status != outcome.status {
            differences.append(
                Difference(
                    key: "status", expected: .integer(status), actual: outcome.status.map { .integer($0) } ?? .null))
        }
        compare("upstream_path", expected.upstreamPath, outcome.upstreamPath)
        self.differences = differences
    }

    /// `name`, `line`, `passed`, `failures` where there are any, and `outcome`.
    package var json: JSONValue {
        let failures = differences.map { difference in
            JSONValue.members([
                ("key", .string(difference.key)), ("expected", difference.expected), ("actual", difference.actual),
            ])
        }
        return .members(
            [("name", .string(test.name)), ("line", .integer(test.line)), ("passed", .bool(hasPassed))]
                + (failures.isEmpty ? [] : [("failures", .elements(failures))])
                + [("outcome", .members(outcome.members))])
    }

    /// The failure as a terminal shows it, with the command that explains it.
    ///
    /// - Parameters:
    ///   - file: the file of tests.
    ///   - configuration: the configuration's file.
    /// - Returns: some lines.
    package func text(file: String, configuration: String) -> String {
        let lines = differences.map { difference in
            "    \(difference.key): expected \(Self.word(difference.expected)), got \(Self.word(difference.actual))"
        }
        let reason =
            outcome.decision == .allow ? outcome.reason.rawValue : "\(outcome.reason.rawValue): \(outcome.detail ?? "")"
        return
            (["\(file):\(test.line): FAILED \(Explainer.printable(test.name))"] + lines + [
                "    reason: \(reason)", "    \(explainCommand(configuration))",
            ]).joined(separator: "\n")
    }

    private static func word(_ value: JSONValue) -> String {
        if case .null = value { "none" } else { String(decoding: value.line, as: UTF8.self) }
    }

    /// The command line, without the token.
    private func explainCommand(_ configuration: String) -> String {
        let request = test.request
        var words = ["gateway", "explain", request.method, request.target, "--config", configuration]
        if let host = request.host { words += ["--host", host] }
        switch request.credential {
        case .none: break
        case .token: words += ["--token", "-"]
        case .claims(let members):
            words += ["--claims", String(decoding: JSONValue.object(members).line, as: UTF8.self)]
        case .granted(let scopes, let roles, let issuer):
            for scope in scopes { words += ["--scopes", scope] }
            for role in roles { words += ["--roles", role] }
            // A token without scopes and roles is one of some issuer.
            let name = issuer ?? (scopes.isEmpty && roles.isEmpty ? "NAME" : nil)
            if let name { words += ["--issuer", name] }
        }
        return words.map(Self.shellWord).joined(separator: " ")
    }

    /// The word as a POSIX shell takes it.
    private static func shellWord(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte.isPlainInShell
            }
        guard !isPlain else { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

extension UInt8 {
    fileprivate var isPlainInShell: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "-_./:=@%+,".utf8.contains(self)
        }
    }
}
