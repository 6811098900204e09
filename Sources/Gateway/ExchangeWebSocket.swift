import AccessLog
import Bytes
import HTTP
import HTTP2
import WebSocket

/// The handshakes of a WebSocket: the client's with the gateway, in HTTP/1.1 (RFC 6455 section 4) or HTTP/2 (RFC 8441), and the gateway's
/// with the upstream.
extension Exchange {
    /// Appends what asks the upstream for a WebSocket, but for `Connection`.
    ///
    /// - Parameters:
    ///   - route: which says whether the upstream sees a token that is offered among the protocols.
    ///   - stripped: receives which of the client's fields do not cross.
    ///   - output: what to append to.
    func appendHandshake(along route: GatewayRoute, stripping stripped: inout FieldNameSet, to output: inout [UInt8]) {
        let key = HandshakeKey(from: &resources.random)
        handshakeKey = key
        output.append("Upgrade: websocket\r\n")
        output.appendField("Sec-WebSocket-Key", key.text.span)
        stripped.insert(.secWebSocketKey)
        stripped.insert(.secWebSocketAccept)
        guard let marker = generation.evaluator.places?.marker else { return }
        let offered = OfferedProtocols(request.fields, marker: marker)
        if !offered.others.isEmpty { output.appendField("Sec-WebSocket-Protocol", offered.others.span) }
        guard route.passesCredentials, !request.fields.contains(.authorization), case .found(let token) = offered.token
        else { return }
        output.append("Authorization: Bearer ")
        output += token
        output.append("\r\n")
    }

    /// Tells the client that the WebSocket is open.
    func acceptWebSocket(of client: Client) {
        var output: [UInt8] = []
        swap(&output, &download.output.bytes)
        if client.http2 == nil { output.appendStatusLine(101) }
        generation.fieldRules.passing.appendResponseLines(
            response.fields, stripped: FieldNameSet(.secWebSocketAccept), to: &output)
        // Browsers insist on a protocol that they have offered.
        if !response.fields.contains(.secWebSocketProtocol), let marker = generation.evaluator.places?.marker,
            case .found = OfferedProtocols(request.fields, marker: marker).token
        {
            output.appendField("Sec-WebSocket-Protocol", marker.span)
        }
        output.append(addingCapacity: requestID.count + 64) { appendOwnFields(version: response.version, to: &$0) }
        if client.http2 != nil {
            endHead(&output, 200, isComplete: false, to: client)
        } else {
            output.append("Connection: Upgrade\r\nUpgrade: websocket\r\n")
            if let key = request.fields.value(of: .secWebSocketKey) {
                output.appendField("Sec-WebSocket-Accept", HandshakeKey(key).acceptance.span)
            }
            output.append("\r\n")
        }
        swap(&output, &download.output.bytes)
        record.status = client.http2 == nil ? 101 : 200
        record.origin = .upstream
        longStream = .webSocket
        hasAnswered = true
    }
}

extension Response {
    /// Whether the response opens the WebSocket that was asked for with a key (RFC 6455 section 4.1).
    func opensWebSocket(of key: HandshakeKey) -> Bool {
        guard status == 101, fields.count(of: .secWebSocketAccept) == 1,
            let accept = fields.value(of: .secWebSocketAccept), let upgrade = fields.value(of: .upgrade)
        else { return false }
        return upgrade.equalsIgnoringCase("websocket") && accept.equals(key.acceptance.span)
    }
}
