import AccessLog
import Bytes
import HTTP
import HTTP2
import Transport
import Upstream

/// What an exchange says to the upstream and to the client. Every message is written anew from its parsed form, so that
/// it has exactly one reading (security.md, rule 9).
extension Exchange {
    // MARK: To the upstream

    /// Writes the head of the forwarded request in front of its body, or opens a stream with it.
    ///
    /// - Throws: `.upstream` where no stream can be opened.
    func sendRequestHead(
        along route: GatewayRoute, for client: Client, to upstream: UpstreamConnection
    ) throws(Refusal) {
        let opensStream = upstream.isShared
        let (target, clientHost) = (request.target, request.host.authority)
        let path = rewrittenPath ?? target.path
        let host = route.upstreamHost ?? clientHost
        var output: [UInt8] = []
        swap(&output, &upload.output.bytes)
        if !opensStream {
            output.appendRequestLine(request.method, path: path.span, query: target.query.span)
            output.appendField("Host", host.span)
        }
        let rules = generation.fieldRules.request(along: route, from: client)
        var stripped = route.passesCredentials ? FieldNameSet() : FieldNameSet(.authorization)
        // What may hold a token is written anew, and only in a handshake: a proxy in front may have lost the rest of one.
        let places = generation.evaluator.places
        if places?.marker != nil { stripped.insert(.secWebSocketProtocol) }
        if !route.passesCredentials, let cookie = places?.cookie, request.fields.contains(.cookie) {
            stripped.insert(.cookie)
            request.fields.appendCookies(without: cookie.span, to: &output)
        }
        if request.opensWebSocket { appendHandshake(along: route, stripping: &stripped, to: &output) }
        if let maximum = request.maxForwards {
            stripped.insert(.maxForwards)
            output.append("Max-Forwards: ")
            output.append(decimal: maximum - 1)
            output.append("\r\n")
        }
        record.droppedFields = rules.appendRequestLines(
            request.fields, forwarding: believed != nil, overrides: route.allowsMethodOverride, stripped: stripped,
            to: &output)
        output += identityLines
        let forwardingSize = believed?.forwardingFields.count ?? client.origin.host.count + clientHost.count
        output.append(addingCapacity: forwardingSize + requestID.count + 320) { rest in
            if let believed {
                rest.append(believed.forwardingFields)
            } else {
                client.origin.appendForwardingFields(scheme: client.listener.scheme, to: &rest)
                if !clientHost.isEmpty {
                    rest.append("X-Forwarded-Host: ")
                    rest.append(clientHost)
                    rest.append("\r\n")
                }
            }
            appendOwnFields(version: request.version, to: &rest)
            if request.expectsContinue && request.version != .http10 { rest.append("Expect: 100-continue\r\n") }
            if request.acceptsTrailers { rest.append("TE: trailers\r\n") }
            Self.append(request.framing, isStream: opensStream, to: &rest)
            guard !opensStream else { return }
            if request.opensWebSocket {
                rest.append(request.acceptsTrailers ? "Connection: Upgrade, TE\r\n" : "Connection: Upgrade\r\n")
            } else if request.acceptsTrailers {
                rest.append("Connection: TE\r\n")
            }
            rest.append("\r\n")
        }
        swap(&output, &upload.output.bytes)
        guard opensStream else { return }
        defer { upload.output.removeAll() }
        let lines = upload.output.bytes
        let pathAndQuery = target.query.isEmpty ? path : path + target.query
        do throws(UpstreamError) {
            try upstream.openStream(
                request.method, authority: host.span, path: pathAndQuery.span, lines: lines.span,
                isComplete: request.framing.isEmpty)
        } catch {
            throw .upstream(error)
        }
    }

    // MARK: To the client

    /// Writes the head of the forwarded response and begins its body.
    ///
    /// - Parameters:
    ///   - client: whom it is for.
    ///   - source: the stream that it comes from; nil for HTTP/1.1.
    ///   - isUploadComplete: whether nothing of the request is left to come: otherwise the connection ends with this
    ///     response, because the rest of the body would be taken for the next request.
    func beginResponse(to client: Client, from source: HTTP2Stream?, isUploadComplete: Bool) {
        let isOld = request.version == .http10
        var form = BodyForm.plain
        var endsWithClose = false
        switch response.framing {
        case .chunked, .untilClose:
            if !isOld { form = .chunks }
            endsWithClose = isOld
        case .none, .length: break
        }
        if let stream = client.http2 { form = .content(stream) }
        keepsConnection = request.isPersistent && isUploadComplete && !endsWithClose && !client.isEnding
        isCloseDelimited = endsWithClose || client.http2 != nil
        download.begin(response.framing, of: source, as: form, trailers: generation.fieldRules.passing)
        var output: [UInt8] = []
        swap(&output, &download.output.bytes)
        if client.http2 == nil { appendStatusLine(to: &output) }
        appendResponseLines(to: &output)
        if let crossOrigin = route?.crossOrigin { crossOrigin.appendResponseLines(for: request.fields, to: &output) }
        if !response.fields.contains(.date) { appendDate(to: &output) }
        var length = response.declaredLength.map { BodyFraming.length($0) } ?? .none
        // A stream that ends with its head says by that how long its content is.
        if client.http2 == nil, response.framing == .length(0) { length = .length(0) }
        let framing = if case .chunks = form { BodyFraming.chunked } else { length }
        output.append(addingCapacity: requestID.count + 256) { rest in
            appendOwnFields(version: response.version, to: &rest)
            Self.append(framing, isStream: false, to: &rest)
        }
        endHead(&output, response.status, isComplete: response.framing.isEmpty, to: client)
        swap(&output, &download.output.bytes)
        record.status = response.status
        record.origin = .upstream
        hasAnswered = true
        if longStream == nil, response.fields.value(of: .contentType)?.isMediaType("text/event-stream") == true {
            longStream = .events
        }
    }

    /// Writes an interim response (RFC 9110 §15.2).
    func writeInterimHead(to client: Client) {
        if let stream = client.http2 {
            var lines: [UInt8] = []
            appendResponseLines(to: &lines)
            return stream.respondInterim(response.status, lines: lines.span)
        }
        appendStatusLine(to: &download.output.bytes)
        appendResponseLines(to: &download.output.bytes)
        download.output.bytes.append("\r\n")
    }

    /// Ends the head of a response, and sends it where heads are sent apart.
    ///
    /// - Parameters:
    ///   - output: the head; what is left of it goes in front of the body.
    ///   - status: the status.
    ///   - isComplete: whether no body follows.
    ///   - client: whom it is for.
    func endHead(_ output: inout [UInt8], _ status: Int, isComplete: Bool, to client: Client) {
        if let stream = client.http2 {
            stream.respond(status, lines: output.span, isComplete: isComplete)
            output.removeAll(keepingCapacity: true)
        } else {
            output.append(addingCapacity: 64) { rest in
                appendConnection(to: &rest)
                rest.append("\r\n")
            }
        }
    }

    // MARK: Fields

    /// Appends the status line that the upstream sent; HTTP/2 has no reason phrase.
    private func appendStatusLine(to output: inout [UInt8]) {
        guard response.version != .http2 else { return output.appendStatusLine(response.status) }
        let reason = response.reason
        output.appendStatusLine(response.status, reason: reason.span)
    }

    /// Appends the upstream's fields; where the route says which pages may read the response, the upstream has no say.
    private func appendResponseLines(to output: inout [UInt8]) {
        let stripped = route?.crossOrigin == nil ? FieldNameSet() : FieldNameSet(.accessControlOther)
        generation.fieldRules.passing.appendResponseLines(response.fields, stripped: stripped, to: &output)
    }

    /// Appends the fields that every forwarded message gets.
    func appendOwnFields(version: Version, to output: inout OutputSpan<UInt8>) {
        appendRequestID(to: &output)
        guard generation.settings.writesVia else { return }
        switch version {
        case .http10: output.append("Via: 1.0 gateway\r\n")
        case .http11: output.append("Via: 1.1 gateway\r\n")
        case .http2: output.append("Via: 2 gateway\r\n")
        }
    }

    func appendRequestID(to output: inout OutputSpan<UInt8>) {
        output.append("X-Request-Id: ")
        output.append(requestID)
        output.append("\r\n")
    }

    func appendDate(to output: inout [UInt8]) {
        output.append("Date: ")
        resources.appendDate(at: resources.loop.timeOfDay, to: &output)
        output.append("\r\n")
    }

    /// Says what becomes of the connection, where it is not what the client's version implies (RFC 9112 §9.3).
    private func appendConnection(to output: inout OutputSpan<UInt8>) {
        if !keepsConnection {
            output.append("Connection: close\r\n")
        } else if request.version == .http10 {
            output.append("Connection: keep-alive\r\n")
        }
    }

    private static func append(_ framing: BodyFraming, isStream: Bool, to output: inout OutputSpan<UInt8>) {
        switch framing {
        case .none, .untilClose: break
        case .chunked where isStream: break
        case .chunked: output.append("Transfer-Encoding: chunked\r\n")
        case .length(let length):
            output.append("Content-Length: ")
            output.append(decimal: length)
            output.append("\r\n")
        }
    }
}
