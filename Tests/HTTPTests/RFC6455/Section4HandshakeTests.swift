import HTTP
import Testing

@Suite("RFC 6455 section 4.2.1: requests that open a WebSocket")
struct Section4HandshakeTests {
    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    private func opens(
        _ lines: String..., method: String = "GET", version: String = "HTTP/1.1", key: String? = key
    ) throws -> Bool? {
        let fields = (["Host: gateway.test"] + lines + [key].compactMap(\.self)).map { $0 + "\r\n" }.joined()
        return try readRequest("\(method) /chat \(version)\r\n\(fields)\r\n")?.head.opensWebSocket
    }

    @Test(
        "Upgrade lists websocket, and Connection lists upgrade, in any case and on any line",
        arguments: [
            ["Upgrade: websocket", "Connection: Upgrade"], ["upgrade: WebSocket", "connection: keep-alive, UPGRADE"],
            ["Upgrade: h2c, websocket", "Connection: Upgrade, HTTP2-Settings"],
            ["Upgrade: h2c", "Upgrade: ,,\twebsocket ", "Connection: close", "Connection: upgrade"],
            ["Connection: ,upgrade,", "Upgrade: websocket", "Upgrade: foo/2"],
        ])
    func handshake(lines: [String]) throws {
        let request = try #require(
            try readRequest(
                "GET /chat HTTP/1.1\r\nHost: a\r\n\(lines.joined(separator: "\r\n"))\r\n\(Self.key)\r\n\r\n"))
        #expect(request.head.opensWebSocket == true)
        #expect(request.head.method == .get && request.head.framing == .none)
    }

    @Test(
        "RFC 9110 §7.8: every other upgrade is passed over",
        arguments: [
            "", "h2c", "TLS/1.0", "websocket/13", "web socket", "websockets", "xwebsocket", "\"websocket\"",
            "h2c websocket", "h2c;websocket",
        ])
    func otherProtocols(name: String) throws {
        #expect(try opens("Upgrade: \(name)", "Connection: Upgrade") == false)
    }

    @Test("RFC 9110 §7.8: Upgrade means nothing without Connection, and Connection nothing without Upgrade")
    func connection() throws {
        #expect(try opens("Upgrade: websocket") == false)
        #expect(try opens("Upgrade: websocket", "Connection: keep-alive") == false)
        #expect(try opens("Upgrade: websocket", "Connection: websocket, upgraded") == false)
        #expect(try opens("Connection: upgrade") == false)
    }

    @Test("RFC 9110 §7.8: Upgrade means nothing in HTTP/1.0")
    func version() throws {
        #expect(try opens("Upgrade: websocket", "Connection: upgrade", version: "HTTP/1.0") == false)
    }

    @Test("Other methods are no handshake", arguments: ["POST", "HEAD", "PUT", "OPTIONS", "GETS"])
    func methods(name: String) throws {
        #expect(try opens("Upgrade: websocket", "Connection: upgrade", method: name) == false)
    }

    @Test(
        "A handshake has no body",
        arguments: [("Content-Length: 1", true), ("Transfer-Encoding: chunked", true), ("Content-Length: 0", false)])
    func body(line: String, isRefused: Bool) throws {
        let result = Result { try opens("Upgrade: websocket", "Connection: upgrade", line) }
        if isRefused {
            #expect(throws: ParseError.invalidWebSocketHandshake) { try result.get() }
        } else {
            #expect(try result.get() == true)
        }
    }

    @Test(
        "The key is there once, and 16 bytes in base64",
        arguments: [
            nil, "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZWU=",
            "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZR==",
            "dGhlIHNhbXBsZSBub25j ZQ==", "dGhlIHNhbXBsZSBub25jZ-==", "dGhlIHNhbXBsZSBub25jZQ==,",
            "dGhlIHNhbXBsZSBub25jZQ==\r\nSEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==",
        ])
    func keys(value: String?) {
        let line = value.map { "Sec-WebSocket-Key: \($0)" }
        #expect(throws: ParseError.invalidWebSocketHandshake) {
            try opens("Upgrade: websocket", "Connection: upgrade", key: line)
        }
    }

    @Test("The key matters in a handshake only")
    func otherKeys() throws {
        #expect(try opens("Upgrade: h2c", "Connection: upgrade", key: "Sec-WebSocket-Key: x") == false)
        #expect(try opens("Upgrade: websocket", key: nil) == false)
    }

    @Test("What one request asked for does not cling to the next on its connection")
    func next() throws {
        var parser = RequestParser(limits: MessageLimits())
        var request = Request()
        let first = Array(
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\(Self.key)\r\n\r\n".utf8)
        let second = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let isFirstWhole = try parser.parse(first.span, into: &request) == first.count
        let opens = request.opensWebSocket
        #expect(isFirstWhole && opens)
        let isSecondWhole = try parser.parse(second.span, into: &request) == second.count
        let stillOpens = request.opensWebSocket
        #expect(isSecondWhole && !stillOpens)
    }

    @Test("What is wrong with a handshake is a malformed message")
    func rejection() { #expect(ParseError.invalidWebSocketHandshake.rejection == .badRequest) }
}
