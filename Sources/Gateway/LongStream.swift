import AccessLog
import Bytes
import HTTP
import Transport
import Upstream

/// An exchange that may last for hours. It has no minimum rate, may be idle for longer than others, and ends with its token.
enum LongStream {
    /// A call of gRPC, of whatever kind: that does not show.
    case gRPC
    /// A response of server-sent events (HTML section 9.2).
    case events
    /// A WebSocket (RFC 6455).
    case webSocket
}

extension Request {
    /// Whether the request is one of gRPC, so that its refusals are, too.
    var isCall: Bool { fields.value(of: .contentType)?.isGRPC ?? false }

    /// How long the time is that the client gives a call of gRPC, as the field `grpc-timeout` says; nil without a valid one.
    var callTimeout: Nanoseconds? {
        guard let line = fields.firstIndex(named: Self.callTimeoutField.span) else { return nil }
        let value = fields.value(at: line)
        let digits = value.count - 1
        guard (1...8).contains(digits), let number = value.extracting(..<digits).decimalNumber else { return nil }
        let unit: UInt64? =
            switch value[digits] {
            case UInt8(ascii: "H"): 3_600_000_000_000
            case UInt8(ascii: "M"): 60_000_000_000
            case UInt8(ascii: "S"): 1_000_000_000
            case UInt8(ascii: "m"): 1_000_000
            case UInt8(ascii: "u"): 1000
            case UInt8(ascii: "n"): 1
            default: nil
            }
        return unit.map { unit in
            let (count, isTooLong) = UInt64(number).multipliedReportingOverflow(by: unit)
            return Nanoseconds(count: min(isTooLong ? .max : count, Self.longestCall.count))
        }
    }

    /// A client has no say in what comes after a year.
    private static let longestCall = Nanoseconds.seconds(366 * 86400)
    private static let callTimeoutField = Array("grpc-timeout".utf8)
}

extension Exchange {
    /// How long the stream may last that the exchange is.
    func lifetime(along route: GatewayRoute) -> StreamLifetime {
        var callEnd = Instant.never
        if longStream == .gRPC, let timeout = request.callTimeout {
            callEnd = decided + timeout + Self.graceAfterCallEnd
        }
        return StreamLifetime(
            tokenEnd: tokenEnd(along: route), callEnd: callEnd, idleTimeout: route.streamIdleTimeout,
            lastActivity: resources.loop.now)
    }

    /// A client of gRPC that is there gives up by itself.
    private static let graceAfterCallEnd = Nanoseconds.seconds(1)
    /// A year ahead is as good as never, and what a token says may be beyond all numbers.
    private static let longestTokenLife = 366 * 86400

    /// Until when the token is good: until a new request with it would be refused.
    private func tokenEnd(along route: GatewayRoute) -> Instant {
        guard let principal, let end = generation.evaluator.end(ofStreamsOf: principal, along: route) else {
            return .never
        }
        let now = resources.loop.timeOfDay
        let seconds = min(end - Int(now / 1_000_000), Self.longestTokenLife)
        guard seconds > 0 else { return resources.loop.now }
        return resources.loop.now + Nanoseconds(count: UInt64(seconds) * 1_000_000_000 - UInt64(now % 1_000_000) * 1000)
    }

    /// Gives back what a stream does not need while it waits.
    func releaseStorage(of client: Client, _ upstream: UpstreamConnection) {
        if client.input.isEmpty { client.input.release(to: resources.blocks) }
        if upstream.input.isEmpty { upstream.input.release(to: resources.blocks) }
        upload.releaseStorage()
        download.releaseStorage()
        if hasAnswered, download.output.isEmpty, !request.fields.isEmpty { dropHeads() }
    }

    /// Gives up what nothing of a stream depends on once the head of its response is sent.
    private func dropHeads() {
        if let agent = request.fields.value(of: .userAgent) { record.set(.userAgent, to: agent) }
        request.dropFields()
        if longStream != .gRPC { response.dropFields() }
    }
}
