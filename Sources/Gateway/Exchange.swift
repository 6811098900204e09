import AccessLog
import Authentication
import Authorization
import Bytes
import HTTP
import HTTP2
import Transport
import Upstream
import WebSocket

/// One request and its response: the walk from the first byte of the head to the line in the log.
///
/// Exchanges are reused for their storage; between `reset` and `run` they hold nothing of a client.
final class Exchange {
    /// The configuration that the exchange is decided by.
    private(set) var generation: Generation
    /// Whether it was made for another generation, whose limits its parsers have.
    private(set) var isForeign = false
    let resources: WorkerResources
    var request = Request()
    var response = Response()
    /// What goes to the upstream: the request's head and body.
    var upload: BodyPump
    /// What goes to the client: the response's head and body.
    var download: BodyPump
    var record = Record()
    var requestID: [UInt8] = []
    /// What a trusted proxy says about the request; nil for any other client.
    var believed: BelievedOrigin?
    var route: GatewayRoute?
    /// Whether the answer is for pages of any origin: what everybody may know.
    var isForEveryPage = false
    /// The path that the upstream sees, where the route rewrites it.
    private(set) var rewrittenPath: [UInt8]?
    /// What the upstream is told about who makes the request: whole lines.
    private(set) var identityLines: [UInt8] = []
    /// Whether the head of a final response was written, so that no other can be.
    var hasAnswered = false
    /// Whether the connection goes on, as the head of the response says.
    var keepsConnection = false
    /// Whether the client knows only by the end of the connection, or by a reset, how much of the response is missing.
    var isCloseDelimited = false
    var ending = Connection.Ending.close
    /// When the first byte of the request was there.
    private(set) var started = Instant.never
    /// When the decision was made.
    private(set) var decided = Instant.never
    private var parser: RequestParser
    var responseParser: ResponseParser
    /// What the exchange is, if it may last; known when the request is forwarded, or when its response comes.
    var longStream: LongStream?
    /// Who asks, where that was looked at.
    private(set) var principal: Principal?
    /// What was trusted when the request was decided.
    var trustVersion = 0
    /// By what the upstream is recognised as a server of WebSockets.
    var handshakeKey: HandshakeKey?

    init(generation: Generation, resources: WorkerResources) {
        self.generation = generation
        self.resources = resources
        let limits = generation.settings.messageLimits
        parser = RequestParser(limits: limits)
        responseParser = ResponseParser(limits: limits)
        upload = BodyPump(limits: limits)
        download = BodyPump(limits: limits)
    }

    /// Makes ready for the next exchange and keeps the storage; the parsers reset the messages.
    func reset() {
        upload.reset()
        download.reset()
        record.reset()
        parser.reset()
        responseParser.reset()
        route = nil
        isForEveryPage = false
        longStream = nil
        principal = nil
        handshakeKey = nil
        believed = nil
        rewrittenPath = nil
        identityLines.removeAll(keepingCapacity: true)
        hasAnswered = false
        keepsConnection = false
        isCloseDelimited = false
        ending = .close
    }

    /// The walk.
    ///
    /// - Parameters:
    ///   - client: whose request it is; its first byte is there.
    ///   - isWithinLimit: false refuses whatever is asked for.
    ///   - headTimeout: how long the head may take.
    /// - Returns: what becomes of the connection.
    func run(
        on client: Client, isWithinLimit: Bool, headTimeout: Nanoseconds
    ) async -> Connection.Ending {
        begin(for: client)
        do throws(Refusal) {
            guard try await receiveHead(from: client, until: started + headTimeout) else { return .close }
            adoptConfiguration(client)
            try examine(for: client)
            let path = request.target.path
            if let own = generation.evaluator.builtInPath(path.span, on: client.listener) {
                try await answer(own, on: client, isWithinLimit: isWithinLimit)
            } else {
                guard isWithinLimit else { throw .overloaded }
                if let (route, method) = generation.evaluator.preflightRoute(of: request) {
                    self.route = route
                    await answerPreflight(about: method, of: client)
                } else {
                    let permit = try await decide(for: client)
                    try await forward(permit, from: client)
                }
            }
            // A client that did not ask for the end may send its next request before it sees it.
            let isClientDone = upload.isSourceDone && !request.isPersistent
            ending = keepsConnection ? .keepOpen : isClientDone ? .close : .linger
        } catch {
            await refuse(error, on: client)
        }
        finishRecord(for: client)
        return ending
    }

    /// Looks at what no route decides. What is needed only for a moment would be held in the frame of `run`.
    @inline(never)
    private func examine(for client: Client) throws(Refusal) {
        upload.begin(request.framing, of: client.http2)
        let host = request.host
        guard client.isFor(host.name) else { throw .rejected(.misdirectedHost) }
        if client.origin.isTrusted { believe(client) }
        if client.listener.refusesUnderscores, request.fields.underscoreCount > 0 {
            throw .rejected(.underscoreInFieldName)
        }
        if generation.fieldRules.hasRepetition(request.fields) { throw .rejected(.repeatedManagedField) }
    }

    /// A request is decided by what is in force when its head is complete, however early its first byte came.
    private func adoptConfiguration(_ client: Client) {
        client.adoptNextListener()
        guard generation !== resources.generation else { return }
        generation.release()
        generation = resources.generation
        generation.retain()
        isForeign = true
    }

    /// Refuses what is no request at all, and makes a line of it.
    func reject(_ error: ParseError, on client: Client) async {
        begin(for: client)
        request.reset()
        await refuse(.rejected(error), on: client)
        finishRecord(for: client)
    }

    private func begin(for client: Client) {
        started = resources.loop.now
        resources.identifiers.next(at: resources.loop.timeOfDay, into: &requestID)
        parser.defaultPort = client.listener.defaultPort
    }

    /// Reads the head of the request.
    ///
    /// - Returns: false if there is none: empty lines alone are no request (RFC 9112 §2.2).
    /// - Throws: what is wrong with it, or `.clientGone`.
    private func receiveHead(from client: Client, until deadline: Instant) async throws(Refusal) -> Bool {
        if let stream = client.http2 { return try takeHead(of: stream) }
        while true {
            do throws(ParseError) {
                if let length = try parser.parse(client.input, into: &request) {
                    client.input.consume(length)
                    return true
                }
            } catch {
                throw .rejected(error)
            }
            // The limits keep every head within a block; a full one must not be waited for all the same.
            guard client.input.reserve(from: resources.blocks) else { throw .rejected(.headTooLarge) }
            switch client.receive() {
            case .bytes: await client.letOthersRun()
            case .end, .failed:
                guard parser.hasBegun else { return false }
                throw .clientGone
            case .wouldBlock:
                guard await client.wait(until: deadline) == .expired else { continue }
                guard parser.hasBegun else { return false }
                throw .rejected(.headTooSlow)
            }
        }
    }

    /// Takes the head of the request from a stream, which begins with it.
    @inline(never)
    private func takeHead(of stream: HTTP2Stream) throws(Refusal) -> Bool {
        guard stream.takeHead(&resources.head) else { throw .clientGone }
        do throws(ParseError) {
            try parser.adopt(&resources.head, into: &request)
            return true
        } catch {
            throw .rejected(error)
        }
    }

    /// Notes a request that was refused without an answer: what HTTP/2 calls malformed (RFC 9113 §8.1.1).
    ///
    /// - Parameters:
    ///   - head: what was understood of it.
    ///   - client: whose it was.
    func noteMalformed(_ head: inout HeadFields, on client: Client) {
        begin(for: client)
        try? parser.adopt(&head, into: &request)
        record.decision = .reject
        record.reason = head.isTooLarge ? .headTooLarge : .badRequest
        finishRecord(for: client)
    }

    /// Asks the evaluator, and notes what it found out.
    ///
    /// - Parameters:
    ///   - client: whose request it is.
    ///   - began: when deciding began.
    ///   - status: what the issuer says of the token, where that was asked for.
    /// - Returns: the right to forward the request.
    /// - Throws: why it is refused.
    func decide(
        for client: Client, since began: Instant, knowing status: TokenStatus? = nil
    ) throws(Refusal) -> Permit {
        trustVersion = generation.evaluator.follow(resources.providers.trust)
        let now = resources.loop.seconds
        var verdict = Verdict()
        defer {
            decided = .now
            record.decisionDuration = decided.since(began).microseconds
            note(verdict, now: now)
        }
        return try generation.evaluator.decide(
            request, at: client.listener, now: now, knowing: status, into: &verdict)
    }

    /// Notes what was found out; a refusal is noted by itself.
    private func note(_ verdict: Verdict, now: Int) {
        route = verdict.route
        principal = verdict.principal
        rewrittenPath = verdict.rewrittenPath
        if let principal = verdict.principal { note(principal, now: now) }
        record.reason = verdict.reason
        record.wouldDeny = verdict.wouldDeny
        if let principal = verdict.principal, let route, !route.identityHeaders.isEmpty {
            generation.evaluator.appendIdentity(of: principal, along: route, to: &identityLines)
        }
    }
}
