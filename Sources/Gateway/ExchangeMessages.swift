import AccessLog
import Bytes
import HTTP
import Transport

/// What an exchange says to the upstream and to the client. Every message is written anew from its parsed form, so that
/// it has exactly one reading (security.md, rule 9).
extension Exchange {
    // MARK: To the upstream

    /// Writes the head of the forwarded request in front of its body.
    func writeRequestHead(along route: GatewayRoute, for client: Connection) {
        var output: [UInt8] = []
        swap(&output, &upload.output.bytes)
        output.appendRequestLine(request.method, path: request.target.path.span, query: request.target.query.span)
        output.append("Host: ")
        if let host = route.upstreamHost {
            output.append(contentsOf: host)
        } else {
            output.append(contentsOf: request.host.authority)
        }
        output.append("\r\n")
        var stripped = route.strippedFields
        let maxForwards = request.maxForwards
        if maxForwards != nil { stripped.insert(.maxForwards) }
        record.droppedFields = resources.forwardingRules.appendRequestLines(
            request.fields, overrides: route.allowsMethodOverride, stripped: stripped, to: &output)
        if let maxForwards {
            output.append("Max-Forwards: ")
            output.append(decimal: max(0, maxForwards - 1))
            output.append("\r\n")
        }
        appendForwardingFields(for: client, to: &output)
        if request.expectsContinue && request.version != .http10 { output.append("Expect: 100-continue\r\n") }
        if request.acceptsTrailers { output.append("TE: trailers\r\nConnection: TE\r\n") }
        output.appendField(request.framing)
        output.append("\r\n")
        swap(&output, &upload.output.bytes)
    }

    private func appendForwardingFields(for client: Connection, to output: inout [UInt8]) {
        // A client on a Unix-domain socket has no address to tell.
        if !client.remoteHost.isEmpty {
            output.append("X-Forwarded-For: ")
            output.append(contentsOf: client.remoteHost)
            output.append("\r\n")
        }
        output.append("X-Forwarded-Proto: http\r\n")
        if !request.host.isEmpty {
            output.append("X-Forwarded-Host: ")
            output.append(contentsOf: request.host.authority)
            output.append("\r\n")
        }
        appendRequestID(to: &output)
        if resources.settings.writesVia {
            output.append("Via: ")
            Self.append(request.version, to: &output)
            output.append(" gateway\r\n")
        }
    }

    // MARK: To the client

    /// Writes the head of the forwarded response and begins its body.
    ///
    /// - Parameter isUploadComplete: whether nothing of the request is left to come: otherwise the connection ends with
    ///   this response, because the rest of the body would be taken for the next request.
    func beginResponse(isUploadComplete: Bool) {
        let isOld = request.version == .http10
        var encodesChunks = false
        var endsWithClose = false
        switch response.framing {
        case .chunked, .untilClose:
            encodesChunks = !isOld
            endsWithClose = isOld
        case .none, .length: break
        }
        keepsConnection = request.isPersistent && isUploadComplete && !endsWithClose && !resources.isDraining
        isCloseDelimited = endsWithClose
        download.begin(
            response.framing, limits: resources.settings.messageLimits, encodesChunks: encodesChunks,
            carriesTrailers: encodesChunks)
        var output: [UInt8] = []
        swap(&output, &download.output.bytes)
        output.appendStatusLine(response.status, reason: response.reason.span)
        resources.forwardingRules.appendResponseLines(response.fields, to: &output)
        if !response.fields.contains(.date) { appendDate(to: &output) }
        appendRequestID(to: &output)
        if resources.settings.writesVia {
            output.append("Via: ")
            Self.append(response.version, to: &output)
            output.append(" gateway\r\n")
        }
        if encodesChunks {
            output.append("Transfer-Encoding: chunked\r\n")
        } else if let length = response.declaredLength {
            output.appendField(.length(length))
        }
        appendConnection(to: &output)
        output.append("\r\n")
        swap(&output, &download.output.bytes)
        record.status = response.status
        record.origin = .upstream
        hasAnswered = true
    }

    /// Writes an interim response (RFC 9110 §15.2).
    func writeInterimHead() {
        download.output.bytes.appendStatusLine(response.status, reason: response.reason.span)
        resources.forwardingRules.appendResponseLines(response.fields, to: &download.output.bytes)
        download.output.bytes.append("\r\n")
    }

    // MARK: Fields

    func appendRequestID(to output: inout [UInt8]) {
        output.append("X-Request-Id: ")
        output.append(contentsOf: requestID)
        output.append("\r\n")
    }

    func appendDate(to output: inout [UInt8]) {
        output.append("Date: ")
        resources.appendDate(at: WallClock.microseconds, to: &output)
        output.append("\r\n")
    }

    /// Says what becomes of the connection, where it is not what the client's version implies (RFC 9112 §9.3).
    func appendConnection(to output: inout [UInt8]) {
        if !keepsConnection {
            output.append("Connection: close\r\n")
        } else if request.version == .http10 {
            output.append("Connection: keep-alive\r\n")
        }
    }

    private static func append(_ version: Version, to output: inout [UInt8]) {
        switch version {
        case .http10: output.append("1.0")
        case .http11: output.append("1.1")
        }
    }
}
