import AccessLog
import Authentication
import Authorization
import Bytes
import Configuration
import HTTP
import HTTP2
import TokenEndpoint
import Transport

extension Exchange {
    /// Answers with the refusal, if the client can still be answered, and notes it for the log.
    func refuse(_ refusal: Refusal, on client: Client) async {
        note(refusal)
        if hasAnswered && !download.output.isCommitted && client.http2 == nil {
            // The upstream's response failed before any of it was written: the client need not see a part of it.
            download.reset()
            hasAnswered = false
        }
        if case .clientGone = refusal {
            record.aborted = .client
            if !hasAnswered { record.status = nil }
            // An end that can be taken for that of the body would make a whole of a part.
            ending = hasAnswered && isCloseDelimited ? .reset : .close
            return
        }
        guard !hasAnswered else {
            if case .ended = refusal {} else { record.aborted = refusal.decision == .allow ? .upstream : .client }
            if await endStream(for: refusal, on: client) { return }
            ending = isCloseDelimited ? .reset : .close
            return
        }
        keepsConnection =
            !refusal.endsConnection && request.isPersistent && upload.discard(&client.input) && !client.isEnding
        ending = keepsConnection ? .keepOpen : .linger
        writeAnswer(to: refusal, on: client)
        await finishAnswer(on: client)
    }

    /// Ends a stream in the way that its readers expect: a call of gRPC with a status, and events anywhere, since what there is of
    /// the last one is discarded (HTML section 9.2.6).
    ///
    /// - Returns: whether that was possible.
    private func endStream(for refusal: Refusal, on client: Client) async -> Bool {
        var status: GRPCStatus?
        switch (longStream, refusal) {
        case (.gRPC, _): status = GRPCStatus(refusal, status: refusal.status(generation.settings.refusals))
        case (.events, .ended): break
        default: return false
        }
        let trailers = status?.lines ?? []
        guard response.declaredLength == nil, download.endEarly(trailers: trailers) || request.version == .http10 else {
            return false
        }
        record.grpcStatus = status?.code
        ending = keepsConnection ? .keepOpen : .linger
        await finishAnswer(on: client, trailers: trailers)
        return true
    }

    /// Answers a permitted request that is not forwarded.
    ///
    /// - Parameters:
    ///   - status: the status.
    ///   - content: the body; nil for 204, which has none.
    ///   - lines: further fields, each with its CRLF.
    ///   - client: who asked.
    func answer(
        _ status: Int, _ content: OwnContent? = nil, lines: [UInt8] = [], on client: Client
    ) async {
        keepsConnection = request.isPersistent && upload.discard(&client.input) && !client.isEnding
        record.status = status
        hasAnswered = true
        var output: [UInt8] = []
        swap(&output, &download.output.bytes)
        beginHead(&output, status, content, to: client)
        output += lines
        endAnswer(&output, status, content, to: client)
        swap(&output, &download.output.bytes)
        await finishAnswer(on: client)
    }

    private func beginHead(_ output: inout [UInt8], _ status: Int, _ content: OwnContent?, to client: Client) {
        if client.http2 == nil { output.appendStatusLine(status) }
        appendDate(to: &output)
        if let content {
            append(content, to: &output, for: client)
        } else {
            output.append("Cache-Control: no-store\r\n")
        }
        output.append(addingCapacity: requestID.count + 64) { appendRequestID(to: &$0) }
    }

    /// Ends the head, and appends the body.
    private func endAnswer(_ output: inout [UInt8], _ status: Int, _ content: OwnContent?, to client: Client) {
        let body = request.method == .head ? [] : content?.body ?? []
        endHead(&output, status, isComplete: body.isEmpty, to: client)
        output.append(contentsOf: body)
        if content != nil { record.bytesOut = body.count }
    }

    private func append(_ content: OwnContent, to output: inout [UInt8], for client: Client) {
        output.append(content.fields)
        // A stream that ends with its head says by that how long its content is.
        guard client.http2 == nil || !content.body.isEmpty else { return }
        output.append("Content-Length: ")
        output.append(decimal: content.body.count)
        output.append("\r\n")
    }

    /// Writes the gateway's own answer, which is short, or the end of a stream.
    ///
    /// - Parameters:
    ///   - client: whom it is for.
    ///   - trailers: what goes with the end where that is apart from the content.
    func finishAnswer(on client: Client, trailers: [UInt8] = []) async {
        let deadline = resources.loop.now + .seconds(10)
        while true {
            switch download.output.flush(to: client.stream) {
            case .done:
                client.http2?.finish(trailers: trailers.span)
                return
            case .failed:
                ending = .close
                record.aborted = .client
                return
            case .wouldBlock:
                guard await client.wait(until: deadline) == .woken, client.stream.remoteState != .gone else {
                    ending = .close
                    record.aborted = .client
                    return
                }
            }
        }
    }

    private func note(_ refusal: Refusal) {
        // Who leaves does not change what was decided; `retries` says that the request was permitted.
        if case .clientGone = refusal, record.retries != nil { return }
        // Nor does the end of a stream.
        if case .ended(let end) = refusal { return record.ended = end }
        record.decision = refusal.decision
        record.reason = refusal.reason
        switch refusal {
        case .denied(.insufficientScope(let required, let missing)):
            for scope in required { record.append(scope, to: .requiredScopes) }
            for scope in missing { record.append(scope, to: .missingScopes) }
        case .denied(.insufficientRole(let roles)):
            for role in roles { record.append(role, to: .requiredRoles) }
        case .noToken, .unusableToken:
            for scope in challengeScopes { record.append(scope, to: .requiredScopes) }
        default: break
        }
    }

    /// The scopes that a challenge names; none before a route is found.
    private var challengeScopes: [String] {
        route.map { generation.evaluator.challengeScopes(on: $0) } ?? []
    }

    /// Writes the gateway's own answer: a problem document (RFC 9457) with the reason and the request's identifier, or what
    /// clients of the token endpoint expect.
    private func writeAnswer(to refusal: Refusal, on client: Client) {
        let settings = generation.settings.refusals
        let status = refusal.status(settings)
        record.origin = .gateway
        hasAnswered = true
        if request.isCall { return writeAnswer(to: refusal, as: GRPCStatus(refusal, status: status), on: client) }
        record.status = status
        let content: OwnContent =
            if case .tokenRefused(let error) = refusal, let json = error.json {
                .token(json)
            } else {
                .problem(ProblemDocument(refusal: refusal, status: status, requestID: requestID).json)
            }
        var output: [UInt8] = []
        swap(&output, &download.output.bytes)
        beginHead(&output, status, content, to: client)
        appendChallenge(of: refusal, on: client, to: &output)
        output += crossOriginLines
        if let seconds = refusal.retryAfter {
            output.append("Retry-After: ")
            output.append(decimal: seconds)
            output.append("\r\n")
        }
        if case .methodNotAllowed(let methods) = refusal, !settings.hidesUnmatched {
            output.append("Allow: ")
            for (index, method) in methods.enumerated() {
                if index > 0 { output.append(", ") }
                method.append(to: &output)
            }
            output.append("\r\n")
        }
        endAnswer(&output, status, content, to: client)
        swap(&output, &download.output.bytes)
    }

    /// The same for a call of gRPC: its status stands where HTTP's would, in a head with nothing behind it.
    private func writeAnswer(to refusal: Refusal, as status: GRPCStatus, on client: Client) {
        record.status = 200
        record.grpcStatus = status.code
        var output: [UInt8] = []
        swap(&output, &download.output.bytes)
        beginHead(&output, 200, OwnContent.call, to: client)
        output += status.lines
        appendChallenge(of: refusal, on: client, to: &output)
        output += crossOriginLines
        endAnswer(&output, 200, OwnContent.call, to: client)
        swap(&output, &download.output.bytes)
    }

    private func appendChallenge(of refusal: Refusal, on client: Client, to output: inout [UInt8]) {
        let settings = generation.settings.refusals
        let challenge = Challenge(
            refusal: refusal, realm: settings.realm, scopes: challengeScopes,
            resourceMetadata: route.flatMap { resources(of: client)?.url(along: $0) })
        let start = output.count
        output.append("WWW-Authenticate: ")
        if challenge.append(to: &output, hidesUnmatched: settings.hidesUnmatched) {
            output.append("\r\n")
        } else {
            output.removeSubrange(start...)
        }
    }
}
