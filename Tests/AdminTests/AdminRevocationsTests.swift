import HTTP
import Revocation
import Testing

@testable import Admin

@Suite("operations: /revocations")
struct AdminRevocationsTests {
    private static let json = "Content-Type: application/json\r\n"
    private static let entry = RevocationEntry(.token("a"), issuer: "https://i", issuedBefore: 5, end: 9)
    private static let entryText = #"{"jti":"a","issuer":"https://i","issued_before":5,"expires_at":9}"#

    private func send(
        _ method: String, _ body: String, to revoked: Exchange.Revoked, _ lines: String = json
    ) async throws -> AdminAnswer {
        try await Exchange(revoked: revoked).answer(method, "/revocations", lines, body: body)
    }

    @Test("GET lists entries with where each was said")
    func list() async throws {
        let revoked = Exchange.Revoked(file: [Self.entry], admin: [RevocationEntry(.session("\""))])
        let answer = try await Exchange(revoked: revoked).answer("GET", "/revocations")
        #expect(answer.status == 200)
        #expect(answer.contentType == .json)
        let first = #"{"jti":"a","issuer":"https://i","issued_before":5,"expires_at":9,"source":"file"}"#
        #expect(answer.text == #"{"revocations":["# + first + #",{"sid":"\"","source":"admin"}]}"# + "\n")
        #expect(try await Exchange().answer("GET", "/revocations").text == "{\"revocations\":[]}\n")
    }

    @Test("POST revokes one entry or a list", arguments: [entryText, "{\"revocations\":[\(entryText)]}"])
    func revoke(body: String) async throws {
        let revoked = Exchange.Revoked()
        let answer = try await send("POST", body, to: revoked)
        #expect(answer.status == 200)
        #expect(answer.text == "{\"revoked\":1,\"persistent\":true}\n")
        #expect(revoked.calls == [.init(name: "revoke", entries: [Self.entry])])
    }

    @Test("DELETE takes back one entry or a list", arguments: [entryText, "{\"revocations\":[\(entryText)]}"])
    func restore(body: String) async throws {
        let revoked = Exchange.Revoked(.changed(count: 7, warning: nil))
        #expect(try await send("DELETE", body, to: revoked).text == "{\"restored\":7,\"persistent\":true}\n")
        #expect(revoked.calls == [.init(name: "restore", entries: [Self.entry])])
    }

    @Test("sub without a time revokes what was issued up to now, and is taken back whatever its time")
    func untimedSubject() async throws {
        let revoked = Exchange.Revoked()
        for method in ["POST", "DELETE"] { _ = try await send(method, #"{"sub":"u"}"#, to: revoked) }
        let entry = RevocationEntry(.subject("u"), issuedBefore: Exchange.now + 1)
        #expect(
            revoked.calls == [
                .init(name: "revoke", entries: [entry]),
                .init(name: "restore", entries: [RevocationEntry(.subject("u"))]),
            ])
    }

    @Test("what is not kept is said", arguments: [("POST", "revoked"), ("DELETE", "restored")])
    func warning(method: String, name: String) async throws {
        let revoked = Exchange.Revoked(.changed(count: 1, warning: "disk \"full\""))
        let answer = try await send(method, Self.entryText, to: revoked)
        #expect(answer.status == 200)
        #expect(answer.text == "{\"\(name)\":1,\"persistent\":false,\"warning\":\"disk \\\"full\\\"\"}\n")
    }

    @Test("too many entries are 409")
    func tooMany() async throws {
        let answer = try await send("POST", Self.entryText, to: Exchange.Revoked(.tooMany))
        #expect(answer.status == 409)
        #expect(answer.text.contains("\"title\":\"Conflict\""))
        #expect(answer.text.contains("\(Denylist.maximumCount)"))
    }

    @Test(
        "a body that is wrong changes nothing, and its place is named", arguments: ["POST", "DELETE"],
        [
            ("", "byte 0"), (#"{"jti":"a""#, "byte 10"), ("jti=a", "byte 0"), (#"{"jti":"a"} x"#, "byte 12"),
            (#"{"jti":"a","jti":"b"}"#, "byte 11"), (#"[{"jti":"a"}]"#, "must be an object"),
            ("{}", "must have one of"),
            (#"{"jti":1}"#, #"\"jti\" must be a string"#),
            (#"{"revocations":[{"jti":"a"},{"sid":"b","issued_before":-1}]}"#, #"entry 1, \"issued_before\" must be"#),
            (#"{"revocations":[{"jti":"a"},{"sid":"b","source":"admin"}]}"#, "entry 1 has an unknown key"),
            (#"{"revocations":[],"jti":"a"}"#, "one key revocations"), (#"{"jti":[[[[]]]]}"#, "byte 10"),
        ])
    func wrongBody(method: String, body: (text: String, place: String)) async throws {
        let revoked = Exchange.Revoked()
        let answer = try await send(method, body.text, to: revoked)
        #expect(answer.status == 400)
        #expect(answer.contentType == .problem)
        #expect(answer.text.contains(body.place))
        #expect(revoked.calls == [])
    }

    @Test("no web page of another site revokes or takes back, and no form", arguments: ["POST", "DELETE"])
    func otherSites(method: String) async throws {
        let revoked = Exchange.Revoked()
        for line in ["Origin: http://example.com\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
            #expect(try await send(method, Self.entryText, to: revoked, Self.json + line).status == 403)
        }
        for lines in ["", "Content-Type: text/plain\r\n", Self.json + Self.json] {
            #expect(try await send(method, Self.entryText, to: revoked, lines).status == 415)
        }
        #expect(revoked.calls == [])
    }

    @Test("Other methods are 405", arguments: ["PUT", "PATCH", "OPTIONS"])
    func methods(method: String) async throws {
        let answer = try await Exchange().answer(method, "/revocations")
        #expect(answer.status == 405)
        #expect(answer.fieldText == "Allow: GET, HEAD, POST, DELETE\r\n")
    }

    @Test("Some thousand entries fit into a body; other resources take less")
    func bodies() throws {
        for resource in AdminResource.allCases {
            let maximum = resource == .revocations ? 1 << 20 : 64 << 10
            #expect(try Self.maximumBody(resource.rawValue) == maximum)
        }
    }

    // The compiler does not take #require and a value that cannot be copied in one function.
    private static func maximumBody(_ path: String) throws -> Int {
        let request = try Exchange.head("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return try Exchange().responder.maximumBody(of: request)
    }
}
