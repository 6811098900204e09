import Bytes
import HTTP
import StrictJSON

/// Answers the requests of the admin listener; it has no sockets and no clock.
struct AdminResponder {
    let site: AdminSite
    let operations: AdminOperations

    /// What is wrong with a request before its body is looked at; nil if nothing is.
    func refusal(of request: borrowing Request) -> AdminAnswer? {
        guard site.isNamed(by: request.host) else {
            return AdminAnswer(problem: 421, "The Host field does not name this listener")
        }
        guard let resource = resource(at: request.target.path) else {
            return AdminAnswer(problem: 404, "There is nothing here; see /")
        }
        guard resource.methods.contains(request.method) else {
            var answer = AdminAnswer(problem: 405, "The method is not for this resource")
            answer.fields.appendField(
                "Allow", Array(resource.methods.map(\.name).joined(separator: ", ").utf8).span)
            return answer
        }
        guard request.method != .get, request.method != .head else { return nil }
        guard site.isOrigin(of: request) else { return AdminAnswer(problem: 403, "The request is from another site") }
        guard Self.isJSON(request.fields) else { return AdminAnswer(problem: 415, "The body must be application/json") }
        return nil
    }

    /// How many bytes the body of a request for which `refusal` found nothing may have.
    func maximumBody(of request: borrowing Request) -> Int {
        resource(at: request.target.path)?.maximumBody ?? 0
    }

    /// Answers a request for which `refusal` found nothing.
    ///
    /// - Parameters:
    ///   - request: the head.
    ///   - body: the whole body.
    ///   - now: seconds since 1970.
    /// - Returns: the answer; what it tells is of the moment.
    func answer(to request: borrowing Request, body: [UInt8], now: Int) async -> AdminAnswer {
        switch resource(at: request.target.path) {
        case .index: return AdminAnswer(json: index())
        case .liveness: return AdminAnswer(text: "ok\n")
        case .readiness: return readiness(isVerbose: Self.isVerbose(request.target.query))
        case .configuration:
            let document = operations.configuration()
            var answer = AdminAnswer(json: document.json)
            answer.fields.appendField("ETag", Array("\"\(document.version)\"".utf8).span)
            return answer
        case .routes: return AdminAnswer(json: operations.routes())
        case .logLevel: return request.method == .post ? changeLogLevel(body) : logLevel()
        case .keys: return AdminAnswer(json: await operations.keys())
        case .revocations:
            let method = request.method
            let changes = method == .post || method == .delete
            return changes ? await changeRevocations(method, body, now: now) : AdminAnswer(json: revocations())
        case nil: return AdminAnswer(problem: 404, "There is nothing here; see /")
        }
    }

    // MARK: Resources

    private func resource(at path: [UInt8]) -> AdminResource? {
        AdminResource.allCases.first { $0.rawValue.utf8.elementsEqual(path) }
    }

    private func index() -> [UInt8] {
        let resources = AdminResource.allCases.map { resource in
            JSONValue.members([
                ("path", .string(resource.rawValue)),
                ("methods", .elements(resource.methods.map { .string($0.name) })),
                ("summary", .string(resource.summary)),
            ])
        }
        return JSONValue.members([("resources", .elements(resources))]).line + [UInt8(ascii: "\n")]
    }

    /// As Kubernetes writes it: every check on its line when asked for, or when one fails.
    private func readiness(isVerbose: Bool) -> AdminAnswer {
        let outcomes = operations.readiness.map { (name: $0.name, problem: $0.problem()) }
        let isReady = outcomes.allSatisfy { $0.problem == nil }
        guard isVerbose || !isReady else { return AdminAnswer(text: "ok\n") }
        var text = ""
        for outcome in outcomes {
            if let problem = outcome.problem {
                text += "[-]\(outcome.name) failed: \(problem)\n"
            } else {
                text += "[+]\(outcome.name) ok\n"
            }
        }
        text += isReady ? "readyz check passed\n" : "readyz check failed\n"
        return AdminAnswer(text: text, status: isReady ? 200 : 503)
    }

    private static func isVerbose(_ query: [UInt8]) -> Bool {
        query.dropFirst().split(separator: UInt8(ascii: "&")).contains { pair in
            pair.split(separator: UInt8(ascii: "=")).first?.elementsEqual("verbose".utf8) == true
        }
    }

    // MARK: The log's level

    private func logLevel() -> AdminAnswer {
        AdminAnswer(json: Array("{\"level\":\"\(operations.logLevel().rawValue)\"}\n".utf8))
    }

    private func changeLogLevel(_ body: [UInt8]) -> AdminAnswer {
        guard let node = try? JSONReader.read(body.span, limits: JSONLimits(depth: 4)), let members = node.object else {
            return AdminAnswer(problem: 400, "The body is not a JSON object")
        }
        let words = ApplicationLogLevel.allCases.map(\.rawValue).joined(separator: ", ")
        guard members.count == 1, members[0].name == "level", let word = members[0].node.string,
            let level = ApplicationLogLevel(rawValue: word)
        else { return AdminAnswer(problem: 400, "The object must have the one key level, with one of \(words)") }
        operations.setLogLevel(level)
        return logLevel()
    }

    /// Whether the one `Content-Type` is JSON, with or without parameters (RFC 9110 §8.3).
    private static func isJSON(_ fields: borrowing Fields) -> Bool {
        guard fields.count(of: .contentType) == 1, let value = fields.value(of: .contentType) else { return false }
        return value.isMediaType("application/json")
    }
}
