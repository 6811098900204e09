import Bytes
import HTTP
import Testing

@testable import Admin

@Suite("What the admin listener answers")
struct AdminResponderTests {
    @Test("GET /livez says ok")
    func liveness() async throws {
        let answer = try await Exchange().answer("GET", "/livez")
        #expect(answer == AdminAnswer(text: "ok\n"))
    }

    private static func checks(failing name: String? = nil) -> [ReadinessCheck] {
        ["listeners", "shutdown"].map { check in ReadinessCheck(check) { check == name ? "draining" : nil } }
    }

    @Test("GET /readyz says ok when every check passes, and lists them when asked")
    func ready() async throws {
        let exchange = try Exchange(readiness: Self.checks())
        #expect(try await exchange.answer("GET", "/readyz") == AdminAnswer(text: "ok\n"))
        let listed = AdminAnswer(text: "[+]listeners ok\n[+]shutdown ok\nreadyz check passed\n")
        for query in ["?verbose", "?verbose=1", "?a=b&verbose"] {
            #expect(try await exchange.answer("GET", "/readyz\(query)") == listed)
        }
        #expect(try await exchange.answer("GET", "/readyz?verbosely") == AdminAnswer(text: "ok\n"))
    }

    @Test("GET /readyz answers 503 and says which check fails", arguments: ["", "?verbose"])
    func notReady(_ query: String) async throws {
        let answer = try await Exchange(readiness: Self.checks(failing: "shutdown")).answer("GET", "/readyz\(query)")
        #expect(answer.status == 503)
        #expect(answer.text == "[+]listeners ok\n[-]shutdown failed: draining\nreadyz check failed\n")
    }

    @Test("GET /config has the configuration's hash as its ETag")
    func configuration() async throws {
        let answer = try await Exchange().answer("GET", "/config")
        #expect(answer.text == "{\"version\":1}")
        #expect(answer.fieldText == "ETag: \"5be1c0\"\r\n")
        #expect(answer.contentType == .json)
    }

    @Test("GET /routes gives the routes")
    func routes() async throws {
        #expect(try await Exchange().answer("GET", "/routes").text == "[]")
    }

    @Test("GET /keys gives the keys' age")
    func keys() async throws {
        #expect(try await Exchange().answer("GET", "/keys").text == "{\"issuers\":[]}")
    }

    @Test("GET / lists what there is")
    func index() async throws {
        let all = try await Exchange().answer("GET", "/").text
        for path in ["/", "/livez", "/readyz", "/config", "/routes", "/log_level", "/keys", "/revocations"] {
            #expect(all.contains("\"path\":\"\(path)\""))
        }
    }

    @Test(
        "Anything else is 404",
        arguments: ["/x", "/livez/", "/LIVEZ", "//livez", "/livez;a", "/log_level/x", "/%6civez/"])
    func notFound(_ path: String) async throws {
        #expect(try await Exchange().answer("GET", path).status == 404)
    }

    @Test(
        "The wrong method is 405 and says which are right",
        arguments: ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "X"])
    func methodNotAllowed(_ method: String) async throws {
        let answer = try await Exchange().answer(method, "/livez")
        #expect(answer.status == 405)
        #expect(answer.fieldText == "Allow: GET, HEAD\r\n")
    }

    @Test("The level takes POST, too, and nothing else", arguments: ["PUT", "DELETE", "PATCH"])
    func methodOfLevel(_ method: String) async throws {
        #expect(try await Exchange().answer(method, "/log_level").fieldText == "Allow: GET, HEAD, POST\r\n")
    }

    @Test(
        "Another host is 421, before anything is looked up",
        arguments: [
            "GET /nothing HTTP/1.1\r\nHost: example.com\r\n\r\n",
            "GET http://example.com/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /livez HTTP/1.0\r\n\r\n",
        ])
    func misdirected(_ head: String) async throws {
        #expect(try await Exchange().answer(head: head).status == 421)
    }

    // MARK: /log_level

    @Test("POST /log_level changes the level", arguments: ApplicationLogLevel.allCases)
    func changesLevel(_ level: ApplicationLogLevel) async throws {
        let exchange = try Exchange()
        let answer = try await exchange.post("{\"level\":\"\(level.rawValue)\"}")
        #expect(answer.status == 200)
        #expect(answer.text == "{\"level\":\"\(level.rawValue)\"}\n")
        #expect(try await exchange.answer("GET", "/log_level") == answer)
    }

    @Test(
        "POST /log_level with anything but one known word changes nothing",
        arguments: [
            "", "{", "[]", "\"debug\"", "{}", "{\"level\":\"trace\"}", "{\"level\":\"DEBUG\"}", "{\"level\":1}",
            "{\"level\":null}", "{\"Level\":\"debug\"}", "{\"level\":\"debug\",\"level\":\"warn\"}",
            "{\"level\":\"debug\",\"x\":1}", "{\"level\":\"debug\"} x", "{'level':'debug'}", "{\"level\":\"debug\",}",
            "\u{FEFF}{\"level\":\"debug\"}", "level=debug",
        ])
    func badLevel(_ body: String) async throws {
        let level = Exchange.Level()
        let answer = try await Exchange(level: level).post(body)
        #expect(answer.status == 400)
        #expect(answer.contentType == .problem)
        #expect(level.current == .info)
    }

    @Test(
        "A form cannot change the level",
        arguments: ["application/x-www-form-urlencoded", "text/plain", "application/jsonx"])
    func forms(_ type: String) async throws {
        let level = Exchange.Level()
        #expect(try await Exchange(level: level).post("{\"level\":\"debug\"}", type: type).status == 415)
        #expect(level.current == .info)
    }

    @Test(
        "JSON may come with parameters of its type",
        arguments: ["application/json; charset=utf-8", "Application/JSON ;x"])
    func typeParameters(_ type: String) async throws {
        #expect(try await Exchange().post("{\"level\":\"warn\"}", type: type).status == 200)
    }

    @Test("No type, or two, is 415")
    func missingType() async throws {
        let exchange = try Exchange()
        #expect(try await exchange.answer("POST", "/log_level", body: "{\"level\":\"warn\"}").status == 415)
        let two = "Content-Type: application/json\r\nContent-Type: text/plain\r\n"
        #expect(try await exchange.answer("POST", "/log_level", two, body: "{\"level\":\"warn\"}").status == 415)
    }

    // MARK: The message

    @Test("Answers are not stored and not sniffed, and HEAD has no body")
    func message() {
        let answer = AdminAnswer(problem: 404, "There is nothing here; see /")
        let text = answer.message(isHead: false, isLast: false).span.text
        #expect(text.hasPrefix("HTTP/1.1 404 Not Found\r\nDate: "))
        #expect(text.contains("\r\nContent-Type: application/problem+json\r\nContent-Length: \(answer.body.count)\r\n"))
        #expect(text.contains("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n"))
        #expect(text.hasSuffix(answer.text))
        let head = answer.message(isHead: true, isLast: true).span.text
        #expect(head.hasSuffix("\r\nConnection: close\r\n\r\n"))
        #expect(head.contains("\r\nContent-Length: \(answer.body.count)\r\n"))
    }
}
