import Configuration
import TestSupport
import Testing

@testable import Gateway

@Suite("Cookies are credentials only where no page of another site can have made a browser send them")
struct SameSiteCheckTests {
    /// What a browser says of the page, and whether the cookie counts.
    struct Sender: Sendable, CustomTestStringConvertible {
        let fields: [String]
        let isOwn: Bool

        var testDescription: String { "\(fields)" }
    }

    static let senders = [
        Sender(fields: [], isOwn: true),
        Sender(fields: ["Sec-Fetch-Site: same-origin"], isOwn: true),
        Sender(fields: ["Sec-Fetch-Site: same-origin", "Origin: https://api.test"], isOwn: true),
        Sender(fields: ["sec-fetch-site: none"], isOwn: true),
        Sender(fields: ["Sec-Fetch-Site: same-site"], isOwn: false),
        Sender(fields: ["Sec-Fetch-Site: cross-site"], isOwn: false),
        Sender(fields: ["Sec-Fetch-Site:"], isOwn: false),
        Sender(fields: ["Sec-Fetch-Site: cross-site", "Origin: https://evil.test"], isOwn: false),
        Sender(fields: ["Sec-Fetch-Site: same-site", "Origin: https://other.api.test"], isOwn: false),
        Sender(fields: ["Origin: https://api.test"], isOwn: true),
        Sender(fields: ["Origin: http://api.test"], isOwn: false),
        Sender(fields: ["Origin: https://api.test:8443"], isOwn: false),
        Sender(fields: ["Origin: https://api.test.evil.test"], isOwn: false),
        Sender(fields: ["Origin: https://evil-api.test"], isOwn: false),
        Sender(fields: ["Origin: api.test"], isOwn: false),
        Sender(fields: ["Origin: null"], isOwn: false),
        Sender(fields: ["Origin:"], isOwn: false),
        Sender(fields: ["Origin: https://api.test", "Origin: https://evil.test"], isOwn: false),
        Sender(fields: ["Origin: https://app.test"], isOwn: true),
        Sender(fields: ["Origin: https://app.test", "Sec-Fetch-Site: cross-site"], isOwn: true),
        Sender(fields: ["Origin: https://reader.test"], isOwn: false),
    ]

    private static let handshake = """
        Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n
        """
    private let known: DecisionHarness
    private let unknown: DecisionHarness

    init() throws {
        let routes = """
            { "id": "a", "path": "/a", "authenticated": true,
              "cors": { "origins": ["https://app.test"], "credentials": true } },
            { "id": "b", "path": "/b", "authenticated": true, "cors": { "origins": ["https://reader.test"] } },
            { "id": "any", "path": "/any", "authenticated": true, "cors": { "origins": ["*"] } }
            """
        known = try DecisionHarness(routes: routes, listener: #", "external_url": "https://api.test""#) {
            $0.tokenLocations.cookie = "session"
        }
        unknown = try DecisionHarness(routes: routes) { $0.tokenLocations.cookie = "session" }
    }

    private func outcome(
        _ decisions: DecisionHarness, _ fields: [String], path: String = "/a", method: String,
        host: String = "api.test",
        handshake: Bool = false
    ) throws -> String {
        let token = String(decoding: try decisions.mint.token(), as: UTF8.self)
        let lines = (fields + ["Cookie: session=\(token)"]).map { $0 + "\r\n" }.joined()
        let head = handshake ? Self.handshake + lines : lines
        return try decisions.outcome(path, method: method, host: host, fields: head).route
    }

    @Test("for methods that change something", arguments: senders, ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
    func changing(_ sender: Sender, method: String) throws {
        let expected = sender.isOwn ? "a" : "no_token"
        #expect(try outcome(known, sender.fields, method: method) == expected)
        #expect(try outcome(known, sender.fields, method: method, host: "evil.test") == expected, "Host does not count")
    }

    @Test("for WebSockets, whose handshake is a GET", arguments: senders)
    func webSocket(_ sender: Sender) throws {
        let expected = sender.isOwn ? "a" : "no_token"
        #expect(try outcome(known, sender.fields, method: "GET", handshake: true) == expected)
    }

    @Test(
        "a safe method changes nothing, and its response cannot be read", arguments: senders,
        ["GET", "HEAD", "OPTIONS"])
    func safe(_ sender: Sender, method: String) throws {
        #expect(try outcome(known, sender.fields, method: method) == "a")
    }

    @Test("cors permits cookies only with credentials, and never to any origin")
    func crossOrigin() throws {
        for (path, origin) in [("/b", "https://reader.test"), ("/any", "https://evil.test"), ("/any", "*")] {
            #expect(try outcome(known, ["Origin: \(origin)"], path: path, method: "POST") == "no_token")
        }
    }

    @Test("without an external URL, the scheme of the listener and the host that the client names are its origin")
    func withoutExternalURL() throws {
        func outcome(_ origin: String, _ host: String) throws -> String {
            try self.outcome(unknown, ["Origin: \(origin)"], method: "POST", host: host)
        }
        #expect(try outcome("http://api.test", "api.test") == "a")
        #expect(try outcome("http://api.test", "API.test.:80") == "a")
        #expect(try outcome("http://api.test:8080", "api.test:8080") == "a")
        #expect(try outcome("http://[::1]:8080", "[::1]:8080") == "a")
        for (origin, host) in [
            ("https://api.test", "api.test"), ("http://api.test", "api.test:8080"), ("http://x.api.test", "api.test"),
            ("http://", ""), ("", ""), ("http://api.tes", "api.test"), ("xhttp://api.test", "api.test"),
            ("null", "null"),
        ] {
            #expect(try outcome(origin, host) == "no_token", "\(origin) \(host)")
        }
    }
}
