import HTTP
import Testing

@Suite("RFC 8441 section 5: an extended CONNECT opens a WebSocket")
struct Section5HandshakeTests {
    private static let pseudo = [":method": "CONNECT", ":protocol": "websocket", ":path": "/chat?a=1"]

    @Test("It is the GET that it stands for, without a body")
    func handshake() throws {
        let read = try readStreamRequest(Self.pseudo, [("sec-websocket-version", "13")], isComplete: false)
        #expect(read.head.opensWebSocket && read.head.method == .get && read.head.framing == .none)
        #expect(read.head.target.path == Array("/chat".utf8) && read.head.target.query == Array("?a=1".utf8))
        #expect(read.head.host.authority == Array("a".utf8))
    }

    @Test(
        "A plain CONNECT, and one for another protocol, is not implemented",
        arguments: ["", "connect-udp", "WebSocket"])
    func otherProtocols(name: String) {
        let pseudo = Self.pseudo.merging([":protocol": name]) { $1 }
        #expect(throws: ParseError.methodNotImplemented) { try readStreamRequest(pseudo, isComplete: false) }
        #expect(ParseError.methodNotImplemented.rejection == .notImplemented)
    }

    @Test("It must not end with its head, nor say how long its content is")
    func content() {
        #expect(throws: ParseError.invalidWebSocketHandshake) { try readStreamRequest(Self.pseudo) }
        for length in ["0", "1", "x"] {
            #expect(throws: ParseError.invalidWebSocketHandshake) {
                try readStreamRequest(Self.pseudo, [("content-length", length)], isComplete: false)
            }
        }
    }

    @Test("Scheme, path and host are those of any request")
    func target() {
        for (pseudo, error) in [
            ([":scheme": "wss"], ParseError.invalidTarget), ([":path": ""], .invalidTarget),
            ([":path": "*"], .invalidTarget), ([":path": "/../a"], .pathAboveRoot), ([":authority": ""], .missingHost),
        ] {
            #expect(throws: error) {
                try readStreamRequest(Self.pseudo.merging(pseudo) { $1 }, isComplete: false)
            }
        }
        #expect(throws: ParseError.connectionField) {
            try readStreamRequest(Self.pseudo, [("upgrade", "websocket")], isComplete: false)
        }
    }

    @Test("A GET with a key is none")
    func get() throws {
        let read = try readStreamRequest([:], [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")])
        #expect(read.head.opensWebSocket == false)
    }
}
