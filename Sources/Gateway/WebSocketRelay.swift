import AccessLog
import Bytes
import HTTP
import HTTP2
import Transport
import Upstream
import WebSocket

/// Carries an open WebSocket: bytes both ways, as fast as the slower side takes them.
///
/// Nothing is changed in what passes. But where frames end is known, so that the gateway can end the WebSocket as its two ends
/// would: with a Close frame to each (RFC 6455 section 5.5.1).
final class WebSocketRelay {
    private let exchange: Exchange
    private let client: Client
    private let upstream: UpstreamConnection
    private var lifetime: StreamLifetime
    /// When the wait for the ends to agree to the end is over.
    private var closeDeadline = Instant.never
    private var isClosing = false
    private var areClosesSent = false

    /// How long the frames under way may take when the WebSocket is to end.
    private static let frameTimeout = Nanoseconds.seconds(5)
    /// How long the other ends have to answer a Close frame, or the end of the other connection.
    private static let closeTimeout = Nanoseconds.seconds(1)

    init(exchange: Exchange, client: Client, upstream: UpstreamConnection, route: GatewayRoute) {
        self.exchange = exchange
        self.client = client
        self.upstream = upstream
        lifetime = exchange.lifetime(along: route)
    }

    /// Runs until one side ends it, or the gateway does.
    ///
    /// - Throws: `.clientGone` or `.upstream` if the connection of that side ends without a word.
    func run() async throws(Refusal) {
        exchange.upload.beginFrames(of: client.http2, to: nil)
        exchange.download.beginFrames(of: nil, to: client.http2)
        do throws(Refusal) {
            try await carry()
        } catch {
            // Once the end was agreed on, it does not matter how.
            if !hasClosed { throw error }
        }
        // Also where the upstream has not: a stream that is reset instead would lose the Close frame that may wait in it.
        client.stream.shutdownWriting()
    }

    private func carry() async throws(Refusal) {
        while true {
            let now = exchange.resources.loop.now
            closeIfDue(at: now)
            let upload = try advanceUpload()
            let download = try advanceDownload()
            if download == .finished { return noteEnd(of: .upstream) }
            if upload == .finished || haveBothClosed { awaitAnswer(at: now) }
            if isClosing { awaitClose(at: now) }
            if now >= closeDeadline { return }
            if upload == .yields || download == .yields {
                await Task.yield()
            } else {
                await wait()
            }
        }
    }

    // MARK: Moving

    private func advanceUpload() throws(Refusal) -> BodyPump.Step {
        let (received, sent) = (exchange.upload.received, exchange.upload.output.totalSent)
        defer { noteActivity(exchange.upload.received - received + exchange.upload.output.totalSent - sent) }
        do throws(BodyPump.Failure) {
            let step = try exchange.upload.advance(
                from: client.stream, &client.input, exchange.resources.blocks, to: upstream.stream)
            if client.stream.remoteState != .gone { return step }
        } catch {
            // The upstream may have said something before it stopped reading.
            if case .sinkFailed = error { return .waitsForSink }
        }
        throw .clientGone
    }

    private func advanceDownload() throws(Refusal) -> BodyPump.Step {
        let (received, sent) = (exchange.download.received, exchange.download.output.totalSent)
        defer { noteActivity(exchange.download.received - received + exchange.download.output.totalSent - sent) }
        do throws(BodyPump.Failure) {
            return try exchange.download.advance(
                from: upstream.stream, &upstream.input, exchange.resources.blocks, to: client.stream)
        } catch {
            if case .sinkFailed = error { throw .clientGone }
            exchange.isCloseDelimited = true
            throw .upstream(.closedEarly)
        }
    }

    private func noteActivity(_ count: Int) {
        if count > 0 { lifetime.lastActivity = exchange.resources.loop.now }
    }

    // MARK: Ending

    /// Notes that a side has ended its connection; without a Close frame before, that was early.
    private func noteEnd(of side: AbortingSide) {
        if !hasClosed, exchange.record.aborted == nil { exchange.record.aborted = side }
    }

    /// Whether anybody has sent a Close frame.
    private var hasClosed: Bool {
        isClosing || exchange.upload.frames?.hasClosed == true || exchange.download.frames?.hasClosed == true
    }

    /// Whether both ends have sent a Close frame, which has passed: the upstream is to end its connection then (section 7.1.1).
    private var haveBothClosed: Bool {
        exchange.upload.frames?.isOver == true && exchange.download.frames?.isOver == true
            && exchange.upload.output.isEmpty && exchange.download.output.isEmpty
    }

    /// The client will send no more: the upstream is told, and may still say something.
    private func awaitAnswer(at now: Instant) {
        guard closeDeadline == .never else { return }
        noteEnd(of: .client)
        closeDeadline = now + Self.closeTimeout
        upstream.stream.shutdownWriting()
    }

    /// Ends the WebSocket if it must not, or need not, go on.
    private func closeIfDue(at now: Instant) {
        guard !isClosing, let end = client.isEnding ? .draining : exchange.isRevoked ? .revoked : lifetime.end(at: now)
        else { return }
        exchange.record.ended = end
        switch end {
        case .draining: close(.goingAway, at: now)
        case .tokenExpired, .revoked: close(.policyViolation, at: now)
        case .idleTimeout, .deadlineExceeded: closeDeadline = now
        }
    }

    /// Once the Close frames are on their way, waits for those of the other ends, which what else they say gives way to.
    private func awaitClose(at now: Instant) {
        guard let upload = exchange.upload.frames, let download = exchange.download.frames, upload.hasEnded,
            download.hasEnded, exchange.upload.output.isEmpty, exchange.download.output.isEmpty
        else { return }
        if upload.hasClosed, download.hasClosed {
            closeDeadline = now
        } else if !areClosesSent {
            areClosesSent = true
            closeDeadline = now + Self.closeTimeout
        }
    }

    private func close(_ code: CloseFrame.Code, at now: Instant) {
        isClosing = true
        closeDeadline = min(closeDeadline, now + Self.frameTimeout)
        let frame = CloseFrame(code: code)
        exchange.download.endFrames(with: frame.unmasked)
        let key = UInt32(truncatingIfNeeded: exchange.resources.random.next())
        exchange.upload.endFrames(with: frame.masked(with: key))
    }

    private func wait() async {
        exchange.releaseStorage(of: client, upstream)
        _ = await client.wait(until: isClosing ? closeDeadline : min(closeDeadline, lifetime.deadline))
    }
}
