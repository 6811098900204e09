import StrictJSON

/// Turns a checked file of tests into tests.
struct PolicyTestDecoder {
    let problems: ProblemCollector
    let secrets: SecretDecoder

    func decode(_ root: Cursor) -> [PolicyTest] {
        var lines: [ExactText: Int] = [:]
        return (root["tests"]?.elements ?? []).compactMap { test in
            let line = problems.line(of: test)
            if let name = test["name"], let text = name.string {
                if let first = lines.updateValue(line, forKey: ExactText(text)) {
                    problems.report("the test on line \(first) has this name", as: .usedTwice, at: name)
                }
            }
            guard let name = test["name"]?.string, let request = test["request"], let expect = test["expect"] else {
                return nil
            }
            return PolicyTest(
                name: name, line: line, request: decodeRequest(request),
                expectation: PolicyTest.Expectation(
                    decision: expect["decision"]?.string ?? "", reason: expect["reason"]?.string,
                    status: expect["status"]?.integer, route: expect["route"]?.string,
                    upstreamPath: expect["upstream_path"]?.string))
        }
    }

    private func decodeRequest(_ cursor: Cursor) -> SupposedRequest {
        for name in ["method", "target", "host"] {
            guard let value = cursor[name], let text = value.string, SupposedRequest.holdsLineEnd(text) else {
                continue
            }
            problems.report("this must not hold a line end, which would end a line of the head", at: value)
        }
        return SupposedRequest(
            method: cursor["method"]?.string ?? "", target: cursor["target"]?.string ?? "",
            host: cursor["host"]?.string, credential: decodeCredential(cursor))
    }

    private func decodeCredential(_ cursor: Cursor) -> SupposedRequest.Credential {
        let forms = [["token"], ["claims"], ["scopes", "roles", "issuer"]]
        let written = forms.compactMap { form in form.first { cursor[$0] != nil } }
        for other in written.dropFirst() {
            problems.report(
                "\"\(other)\" cannot stand beside \"\(written[0])\": a request has one credential", as: .contradiction,
                at: cursor.nameRange(of: other), pointer: .key(cursor.pointer, other))
        }
        if let token = cursor["token"] {
            let bytes = secrets.decode(token)?.bytes ?? []
            if bytes.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
                problems.report("a token has no spaces and consists of printable ASCII", at: token)
            }
            return .token(bytes)
        }
        if let claims = cursor["claims"] { return .claims(claims.node.object ?? []) }
        guard !written.isEmpty else { return .none }
        return .granted(
            scopes: cursor["scopes"]?.strings ?? [], roles: cursor["roles"]?.strings ?? [],
            issuer: cursor["issuer"]?.string)
    }
}

extension Shape {
    /// A file of tests.
    static func policyTests(_ words: PolicyTestWords) -> Shape {
        let request = ObjectShape([
            Key("method", .string(.text), .required, "The method."),
            Key("target", .string(.text), .required, "The target as it is sent."),
            Key("host", .string(.anyText), "What Host is; localhost by default."),
            Key("token", .secret, "A token as it is sent."),
            Key("claims", .anyObject, "The claims of a token whose signature is taken for good."),
            Key("scopes", .anyList(.string(.text)), "The scopes of a token that is good otherwise."),
            Key("roles", .anyList(.string(.text)), "The roles of such a token."),
            Key("issuer", .string(.name), "The name of its issuer; the first by default."),
        ])
        let expectation = ObjectShape([
            Key("decision", .word(words.decisions), .required, "What is decided."),
            Key("reason", .word(words.reasons), "The reason code."),
            Key("status", .integer(100...599), "The status that the gateway answers with."),
            Key("route", .string(.text), "The route."),
            Key("upstream_path", .string(.text), "The path that the upstream sees."),
        ])
        let test = ObjectShape([
            Key("name", .string(.text), .required, "What is tested, in words; unique."),
            Key("request", .object(request), .required, "What is sent."),
            Key("expect", .object(expectation), .required, "What is expected to become of it."),
        ])
        return .object(ObjectShape([Key("tests", .list(.object(test)), .required, "The tests.")]))
    }
}
