import Bytes
import Outbound
import StrictJSON
import Testing

@testable import IdentityProviders
@testable import Outbound

@Suite("RFC 7662 §2.2 and §2.3: the response of an introspection endpoint")
struct IntrospectionResponseTests {
    private static let url = "https://issuer.test/introspect"
    private static let good = "{\"active\":true,\"sub\":\"alice\",\"exp\":1800000300,\"aud\":[\"api\"]}"

    private static func read(_ text: String, status: Int = 200) throws -> IntrospectionResponse {
        let response = OutboundResponse(status: status, mediaType: "application/json", content: Array(text.utf8))
        return try IntrospectionResponse(response, from: try ServiceURL(url))
    }

    /// Why a response says nothing.
    private static func failure(_ text: String, status: Int = 200) -> ProviderError? {
        do {
            _ = try read(text, status: status)
            return nil
        } catch {
            return error as? ProviderError
        }
    }

    @Test("active says whether the token is good; the other members come with it")
    func active() throws {
        let response = try Self.read(Self.good)
        #expect(response.isActive)
        #expect(response.content["sub"]?.string == "alice")
        #expect(response.text == Array(Self.good.utf8))
        #expect(!(try Self.read("{\"active\":false}").isActive))
        #expect(!(try Self.read(" {\"sub\":\"alice\",\"active\":false}\n").isActive))
    }

    @Test(
        "active must be a boolean of an object",
        arguments: [
            "{}", "[]", "true", "null", "\"active\"", "{\"active\":\"true\"}", "{\"active\":1}", "{\"active\":null}",
            "{\"active\":[true]}", "[{\"active\":true}]", "{\"Active\":true}", "{\"a\":{\"active\":true}}",
        ])
    func notBoolean(_ text: String) {
        #expect(
            Self.failure(text) == ProviderError(.parse, url: Self.url, "the answer has no boolean \"active\""))
    }

    @Test(
        "What is not JSON says nothing",
        arguments: [
            "", "<!DOCTYPE html>", "active=true", "\u{FEFF}{\"active\":true}", "{\"active\":true}}", "{'active':true}",
            "{\"active\":true,}", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
        ])
    func notJSON(_ text: String) throws {
        let failure = try #require(Self.failure(text))
        #expect(failure.stage == .parse)
        #expect(failure.detail.hasPrefix("the answer is not JSON: "))
    }

    @Test("A response that breaks off at any byte says nothing")
    func truncated() {
        for count in 0..<Self.good.utf8.count {
            #expect(Self.failure(String(decoding: Array(Self.good.utf8)[..<count], as: UTF8.self))?.stage == .parse)
        }
    }

    @Test("A name that stands twice says nothing, and is not repeated: it could be the token")
    func duplicateName() throws {
        let failure = try #require(Self.failure("{\"active\":false,\"t0ken\":1,\"t0ken\":2}"))
        #expect(failure.detail == "the answer is not JSON: a key occurs twice")
        #expect(Self.failure("{\"active\":false,\"active\":true}")?.stage == .parse)
    }

    @Test("Depth and size are bounded: 16 levels, 64 KiB")
    func bounds() throws {
        func nested(_ depth: Int) -> String {
            let (open, close) = (String(repeating: "[", count: depth - 1), String(repeating: "]", count: depth - 1))
            return "{\"active\":true,\"x\":\(open)\(close)}"
        }
        #expect(try Self.read(nested(16)).isActive)
        #expect(Self.failure(nested(17))?.stage == .parse)
        let padding = String(repeating: " ", count: (64 << 10) - Self.good.utf8.count)
        #expect(try Self.read(Self.good + padding).isActive)
        #expect(Self.failure(Self.good + padding + " ")?.stage == .parse)
    }

    @Test(
        "Any status but 200 says nothing, whatever comes with it",
        arguments: [201, 204, 206, 301, 302, 307, 400, 404, 405, 429, 500, 502, 503])
    func status(_ status: Int) {
        #expect(
            Self.failure(Self.good, status: status) == ProviderError(.http, url: Self.url, "status \(status)"))
    }

    @Test(
        "Wrong credentials are told as such",
        arguments: [
            (401, ""), (401, "{\"error\":\"invalid_client\"}"), (403, "x"), (400, "{\"error\":\"invalid_client\"}"),
        ]
    )
    func refusedClient(_ status: Int, _ text: String) {
        let detail = "the client authentication was refused with status \(status)"
        #expect(Self.failure(text, status: status) == ProviderError(.http, url: Self.url, detail))
    }

    @Test("Nothing that the endpoint sent gets into an error", arguments: [200, 400, 401, 500])
    func nothingRepeated(_ status: Int) throws {
        for text in ["t0ken", "{\"t0ken\"", "{\"error\":\"t0ken\"}", "{\"t0ken\":1,\"t0ken\":1}", "\"t0ken"] {
            #expect(try !#require(Self.failure(text, status: status)).detail.contains("t0ken"))
        }
    }

    @Test(
        "A response is good until the latest time or its exp, whichever is first; an exp that is none ends it at once",
        arguments: [
            ("", 130), (",\"exp\":131", 130), (",\"exp\":130", 130), (",\"exp\":129", 129), (",\"exp\":99", 99),
            (",\"exp\":0", 0), (",\"exp\":120.9", 120), (",\"exp\":1.205e2", 120), (",\"exp\":9007199254740991", 130),
            (",\"exp\":-1", 100), (",\"exp\":-0.5", 100), (",\"exp\":1e400", 100), (",\"exp\":9007199254740992", 100),
            (",\"exp\":\"120\"", 100), (",\"exp\":null", 100), (",\"exp\":[120]", 100), (",\"exp\":true", 100),
        ])
    func end(_ member: String, _ end: Int) throws {
        #expect(try Self.read("{\"active\":true\(member)}").end(latest: 130, now: 100) == end)
    }
}
