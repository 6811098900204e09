import Bytes
import HTTP
import Testing

@testable import Gateway

@Suite("The token among the subprotocols of a WebSocket's handshake (RFC 6455 section 4.1)")
struct OfferedProtocolsTests {
    struct Offer: Sendable, CustomTestStringConvertible {
        let lines: [String]
        let token: String
        let others: String

        var testDescription: String { "\(lines)" }
    }

    static let offers = [
        Offer(lines: [], token: "none", others: ""),
        Offer(lines: ["chat, feed"], token: "none", others: "chat, feed"),
        Offer(lines: ["bearer, a.b.c"], token: "found a.b.c", others: ""),
        Offer(lines: ["chat,bearer ,\ta.b.c,, feed"], token: "found a.b.c", others: "chat, feed"),
        Offer(lines: ["chat", "bearer", "a.b.c", "feed"], token: "found a.b.c", others: "chat, feed"),
        Offer(lines: ["Bearer, a.b.c"], token: "none", others: "Bearer, a.b.c"),
        Offer(lines: ["chat, bearer", ","], token: "missing", others: "chat"),
        Offer(lines: ["bearer, a.b.c, bearer"], token: "repeated", others: ""),
        Offer(lines: ["bearer, a.b.c, chat, bearer, d.e.f"], token: "repeated", others: "chat"),
        Offer(lines: ["bearer, bearer, a.b.c, chat"], token: "repeated", others: "chat"),
    ]

    @Test("The entry behind the marker is the token, and what is left is the application's", arguments: offers)
    func offered(_ offer: Offer) {
        var fields = Fields()
        for line in offer.lines {
            fields.append(name: Array("sec-websocket-protocol".utf8).span, value: Array(line.utf8).span)
        }
        let offered = OfferedProtocols(fields, marker: Array("bearer".utf8))
        let token =
            switch offered.token {
            case .none: "none"
            case .missing: "missing"
            case .repeated: "repeated"
            case .found(let token): "found " + String(decoding: token, as: UTF8.self)
            }
        #expect(token == offer.token)
        #expect(String(decoding: offered.others, as: UTF8.self) == offer.others)
    }
}
