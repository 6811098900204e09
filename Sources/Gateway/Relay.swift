import AccessLog
import Bytes
import HTTP
import HTTP2
import Transport
import Upstream

/// Carries one permitted request to an upstream connection and the response back, both bodies at the same time.
///
/// One task does it all: it moves what can be moved, and waits on the connection's waiter for either socket when nothing
/// can. So an early response, a hang-up or a limit is noticed whatever else is going on.
final class Relay {
    private let exchange: Exchange
    private let client: Client
    private let upstream: UpstreamConnection
    private let route: GatewayRoute
    /// The upstream takes no more of the request, but may still answer.
    private var isUploadAbandoned = false
    private var hasFinalHead = false
    /// Whether the upstream has sent anything at all.
    private(set) var hasResponse = false
    /// Whether anything of the body may have been taken from the client.
    private(set) var hasBegun = false
    private var informationalCount = 0
    private var uploadPace: PaceGuard
    private var downloadPace: PaceGuard
    /// When the upstream last took or gave something.
    private var lastProgress: Instant
    /// How long a stream may last; nil for an ordinary exchange.
    private var lifetime: StreamLifetime?
    /// When a client that has ended its side is taken to have left.
    private var clientEnd = Instant.never

    /// A client that has ended its side of the connection may still want the answer, but has usually left.
    private static let graceAfterClientEnd = Nanoseconds.milliseconds(50)
    /// More interim responses than this (RFC 9110 §15.2) before the final one are no use to anybody.
    private static let informationalLimit = 16

    init(exchange: Exchange, client: Client, upstream: UpstreamConnection, route: GatewayRoute) {
        self.exchange = exchange
        self.client = client
        self.upstream = upstream
        self.route = route
        let settings = exchange.generation.settings
        uploadPace = PaceGuard(minimumRate: settings.bodyRate, window: settings.bodyRateWindow)
        downloadPace = uploadPace
        lastProgress = exchange.resources.loop.now
        if exchange.longStream != nil { lifetime = exchange.lifetime(along: route) }
    }

    /// Whether the upstream connection is between messages, so that another exchange may use it.
    var mayReuseUpstream: Bool {
        hasFinalHead && !isUploadAbandoned && exchange.upload.isSourceDone && exchange.upload.output.isEmpty
            && exchange.response.isPersistent && !exchange.request.opensWebSocket
    }

    /// Runs until the response has been written, or cannot be.
    ///
    /// - Parameter sendsAgain: whether the body was begun before, for an upstream that did not look at it.
    /// - Throws: what went wrong; the exchange knows whether it can still be answered.
    func run(sendsAgain: Bool) async throws(Refusal) {
        let framing = exchange.request.framing
        try exchange.sendRequestHead(along: route, for: client, to: upstream)
        let form: BodyForm = upstream.http2.map { .content($0) } ?? (framing == .chunked ? .chunks : .plain)
        if sendsAgain {
            exchange.upload.sendAgain(as: form)
        } else {
            exchange.upload.begin(
                framing, of: client.http2, as: form, maximumSize: route.maximumBody, mayBeRefused: upstream.isShared,
                trailers: exchange.generation.fieldRules.requestTrailers)
        }
        hasBegun = true
        while true {
            if lifetime != nil { try endStreamIfDue() }
            let uploadStep = try upload()
            let downloadStep = try download()
            if downloadStep == .finished { break }
            if uploadStep == .yields || downloadStep == .yields {
                await Task.yield()
            } else {
                try await wait(uploadStep, downloadStep)
            }
        }
        if exchange.longStream == .webSocket {
            try await WebSocketRelay(exchange: exchange, client: client, upstream: upstream, route: route).run()
        } else if exchange.longStream == .gRPC {
            noteCallStatus()
        }
    }

    // MARK: Long streams

    /// Ends a stream that must not, or need not, go on.
    private func endStreamIfDue() throws(Refusal) {
        if let end = lifetime?.end(at: exchange.resources.loop.now) { throw .ended(end) }
        if exchange.resources.isEndingStreams { throw .ended(.draining) }
        if exchange.isRevoked { throw .ended(.revoked) }
    }

    /// Notes what the upstream says of a call: behind its content, or in its head if there is none.
    private func noteCallStatus() {
        var status = GRPCStatus.told(by: exchange.response.fields)
        if let trailers = try? exchange.download.trailers() { status = GRPCStatus.told(by: trailers) ?? status }
        exchange.record.grpcStatus = status
    }

    // MARK: Request

    private func upload() throws(Refusal) -> BodyPump.Step {
        guard !isUploadAbandoned else { return .finished }
        let (received, sent) = (exchange.upload.received, exchange.upload.output.totalSent)
        do throws(BodyPump.Failure) {
            let step = try exchange.upload.advance(
                from: client.stream, &client.input, exchange.resources.blocks, to: upstream.stream)
            uploadPace.count(exchange.upload.received - received)
            if exchange.upload.received > received { lifetime?.lastActivity = exchange.resources.loop.now }
            if exchange.upload.output.totalSent > sent { noteProgress() }
            return step
        } catch {
            switch error {
            case .sinkFailed:
                // The upstream may have answered before it stopped reading.
                isUploadAbandoned = true
                return .finished
            case .sourceEnded, .sourceFailed: throw .clientGone
            case .malformed(let error): throw .rejected(error)
            }
        }
    }

    private func noteProgress() {
        lastProgress = exchange.resources.loop.now
        lifetime?.lastActivity = lastProgress
    }

    // MARK: Response

    private func download() throws(Refusal) -> BodyPump.Step {
        if !hasFinalHead {
            guard try receiveHead() else { return .waitsForSource }
            if exchange.longStream == .webSocket { return .finished }
        }
        let (received, sent) = (exchange.download.received, exchange.download.output.totalSent)
        do throws(BodyPump.Failure) {
            let step = try exchange.download.advance(
                from: upstream.stream, &upstream.input, exchange.resources.blocks, to: client.stream)
            downloadPace.count(exchange.download.output.totalSent - sent)
            // Whoever takes the response is there, whether or not it will send more.
            if exchange.download.output.totalSent > sent {
                clientEnd = .never
                lifetime?.lastActivity = exchange.resources.loop.now
            }
            if exchange.download.received > received { noteProgress() }
            return step
        } catch {
            switch error {
            case .sinkFailed: throw .clientGone
            case .sourceEnded, .sourceFailed: throw .upstream(.closedEarly)
            case .malformed(let error): throw .upstream(.malformed(detail: error.detail))
            }
        }
    }

    /// Reads until the head of the final response is complete.
    ///
    /// - Returns: false if more has to arrive first.
    private func receiveHead() throws(Refusal) -> Bool {
        while true {
            if try takeHead() {
                if exchange.response.isInformational {
                    try passInformational()
                    continue
                }
                exchange.record.upstreamStatus = exchange.response.status
                hasFinalHead = true
                if try switchProtocols() { return true }
                exchange.beginResponse(
                    to: client, from: upstream.http2,
                    isUploadComplete: exchange.upload.isSourceDone && !isUploadAbandoned)
                if exchange.longStream == .events { lifetime = exchange.lifetime(along: route) }
                return true
            }
            if upstream.http2 != nil { return false }
            guard upstream.input.reserve(from: exchange.resources.blocks) else {
                throw .upstream(.malformed(detail: ParseError.headTooLarge.detail))
            }
            switch upstream.stream.read(into: &upstream.input) {
            case .bytes: hasResponse = true
            case .wouldBlock: return false
            case .end, .failed: throw .upstream(.closedEarly)
            }
        }
    }

    /// Opens the WebSocket that was asked for, if the upstream has.
    ///
    /// - Returns: false if the response is one like any other.
    private func switchProtocols() throws(Refusal) -> Bool {
        if let key = exchange.handshakeKey, exchange.response.opensWebSocket(of: key) {
            exchange.acceptWebSocket(of: client)
            return true
        } else if exchange.response.status == 101 {
            throw .upstream(.malformed(detail: "A switch of protocols that nobody asked for"))
        } else if exchange.request.opensWebSocket, (200..<300).contains(exchange.response.status) {
            // A client of HTTP/2 would take it for an open WebSocket (RFC 8441 section 5).
            throw .upstream(.malformed(detail: "The WebSocket was neither opened nor refused"))
        }
        return false
    }

    /// Takes the next head that has arrived, if it is complete.
    private func takeHead() throws(Refusal) -> Bool {
        guard let stream = upstream.http2 else { return try parseHead() }
        guard stream.takeHead(&exchange.resources.head) else {
            guard stream.remoteState == .open else { throw .upstream(upstream.failure) }
            return false
        }
        hasResponse = true
        do throws(ParseError) {
            try exchange.responseParser.adopt(
                &exchange.resources.head, requestMethod: exchange.request.method, into: &exchange.response)
            lastProgress = exchange.resources.loop.now
            return true
        } catch {
            throw .upstream(.malformed(detail: error.detail))
        }
    }

    private func parseHead() throws(Refusal) -> Bool {
        guard !upstream.input.isEmpty else { return false }
        do throws(ParseError) {
            guard
                let length = try exchange.responseParser.parse(
                    upstream.input, requestMethod: exchange.request.method, into: &exchange.response)
            else { return false }
            upstream.input.consume(length)
            lastProgress = exchange.resources.loop.now
            return true
        } catch {
            throw .upstream(.malformed(detail: error.detail))
        }
    }

    /// Passes on an interim response (RFC 9110 §15.2), which a client of HTTP/1.0 would not understand.
    private func passInformational() throws(Refusal) {
        informationalCount += 1
        guard informationalCount <= Self.informationalLimit else {
            throw .upstream(.malformed(detail: "Too many interim responses"))
        }
        exchange.responseParser.reset()
        guard exchange.request.version != .http10 else { return }
        exchange.writeInterimHead(to: client)
        switch exchange.download.output.flush(to: client.stream) {
        // What goes before the final response does not keep the gateway from answering itself.
        case .done: exchange.download.output.restart()
        case .wouldBlock: break
        case .failed: throw .clientGone
        }
    }

    // MARK: Waiting

    private func wait(_ upload: BodyPump.Step, _ download: BodyPump.Step) async throws(Refusal) {
        let began = exchange.resources.loop.now
        let isStream = lifetime != nil
        let waitsForBody = upload == .waitsForSource && isClientToSend && !hasFinalHead && !isStream
        let (upstreamDeadline, phase) = upstreamDeadline(upload, download)
        guard began < upstreamDeadline else { throw .upstream(.timedOut(phase)) }
        try noticeClientEnd(upload, at: began)
        var deadline = min(upstreamDeadline, clientEnd, lifetime?.deadline ?? .never)
        if waitsForBody { deadline = min(deadline, began + uploadPace.patience) }
        if download == .waitsForSink, !isStream { deadline = min(deadline, began + downloadPace.patience) }
        if isStream { exchange.releaseStorage(of: client, upstream) }
        _ = await client.wait(until: deadline)
        let waited = exchange.resources.loop.now.since(began)
        if waitsForBody && !uploadPace.keepsPace(afterWaiting: waited) { throw .rejected(.bodyTooSlow) }
        guard download == .waitsForSink, !isStream else { return }
        guard downloadPace.keepsPace(afterWaiting: waited) else { throw .clientGone }
        // While the client kept the upstream waiting, the upstream was not late.
        lastProgress = exchange.resources.loop.now
    }

    /// Whether the client has no reason to hold its body back: it may be waiting for a 100 (RFC 9110 §10.1.1). Once there
    /// is a final response, it may as well stop sending (RFC 9112 §9.5).
    private var isClientToSend: Bool {
        !exchange.request.expectsContinue || informationalCount > 0 || exchange.upload.received > 0
    }

    /// Until when the upstream has to do what is waited for; `never` if it is the client's turn.
    private func upstreamDeadline(
        _ upload: BodyPump.Step, _ download: BodyPump.Step
    ) -> (Instant, UpstreamError.Phase) {
        if let lifetime {
            // A stream has bounds of its own, and a call's deadline takes the place of the route's.
            if hasFinalHead || upload == .waitsForSink || lifetime.callEnd != .never { return (.never, .body) }
        }
        if upload == .waitsForSink { return (lastProgress + route.idleTimeout, .request) }
        guard download == .waitsForSource else { return (.never, .body) }
        if hasFinalHead { return (lastProgress + route.idleTimeout, .body) }
        if upload == .waitsForSource && isClientToSend { return (.never, .head) }
        return (lastProgress + route.timeout, .head)
    }

    private func noticeClientEnd(_ upload: BodyPump.Step, at now: Instant) throws(Refusal) {
        switch client.stream.remoteState {
        case .open: break
        case .gone: throw .clientGone
        case .ended:
            // As long as the body is not complete, the pump finds out by itself.
            guard upload == .finished else { break }
            if clientEnd == .never { clientEnd = now + Self.graceAfterClientEnd }
            guard now < clientEnd else { throw .clientGone }
        }
    }
}
