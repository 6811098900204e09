internal import Bytes

extension Request {
    /// Finds out whether a request of HTTP/1.1 asks for a WebSocket; every other upgrade is passed over (security.md, rule 8).
    ///
    /// - Throws: `.invalidWebSocketHandshake` for a body, and for a `Sec-WebSocket-Key` that is not there once and 16 bytes in
    ///   base64 (RFC 6455 section 4.2.1).
    mutating func readUpgrade() throws(ParseError) {
        guard method == .get, version == .http11, asksForWebSocket else { return }
        guard framing.isEmpty, hasWebSocketKey else { throw .invalidWebSocketHandshake }
        opensWebSocket = true
    }

    private var hasWebSocketKey: Bool {
        guard fields.count(of: .secWebSocketKey) == 1, let key = fields.value(of: .secWebSocketKey) else {
            return false
        }
        return Base64.decode(key, isPadded: true)?.count == 16
    }

    /// Whether `Upgrade` lists `websocket`, and `Connection` lists `upgrade`, without which it means nothing (RFC 9110 section 7.8).
    private var asksForWebSocket: Bool {
        for line in 0..<fields.count where fields.known(at: line) == .upgrade && fields.isConnectionOption(at: line) {
            let value = fields.value(at: line)
            var position = 0
            while let element = value.nextListElement(&position) {
                if value.extracting(element).equalsIgnoringCase("websocket") { return true }
            }
        }
        return false
    }

    /// Takes an extended CONNECT for the GET that it stands for (RFC 8441 section 5).
    ///
    /// - Parameter head: the head.
    /// - Throws: `.methodNotImplemented` for a plain CONNECT or another protocol, `.invalidWebSocketHandshake` for content that has
    ///   an end.
    mutating func readProtocol(of head: borrowing HeadFields) throws(ParseError) {
        guard head.protocolName.span.equals("websocket") else { throw .methodNotImplemented }
        guard !head.isComplete, !fields.contains(.contentLength) else { throw .invalidWebSocketHandshake }
        method = .get
        opensWebSocket = true
    }
}
