import Configuration
import HTTP
import Testing

@testable import Gateway

@Suite("Fetch §3.2: which pages of other origins may use a route")
struct CrossOriginRulesTests {
    private func lines(
        _ rules: CrossOriginRules, origins: String..., preflight: HTTP.Method? = nil
    ) -> String {
        var fields = Fields()
        for origin in origins { fields.append(name: Array("origin".utf8).span, value: Array(origin.utf8).span) }
        var output: [UInt8] = []
        if let preflight {
            rules.appendPreflightLines(about: preflight, for: fields, to: &output)
        } else {
            rules.appendResponseLines(for: fields, to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    private func rules(
        _ origins: [String], credentials: Bool = false, methods: [String]? = nil
    ) throws -> CrossOriginRules {
        let list = origins.map { "\"\($0)\"" }.joined(separator: ",")
        let methodList = methods.map { "\"methods\": [\($0.map { "\"\($0)\"" }.joined(separator: ","))]," } ?? ""
        let decisions = try DecisionHarness(
            routes: """
                { "id": "a", "path": "/a", "public": true, \(methodList) "cors": { "origins": [\(list)],
                  "credentials": \(credentials), "headers": ["Authorization"], "expose": ["X-A"], "max_age": "1h" } }
                """)
        return try #require(decisions.evaluator.routes.first?.crossOrigin)
    }

    @Test("an origin is echoed only if it is listed, byte for byte")
    func exact() throws {
        let rules = try rules(["https://a.test", "http://b.test:81"])
        #expect(
            lines(rules, origins: "https://a.test")
                == "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.test\r\n"
                + "Access-Control-Expose-Headers: X-A\r\n")
        for other in [
            "https://a.test:443", "http://a.test", "https://a.tes", "https://a.test.", "https://x.a.test", "null", "*",
        ] {
            #expect(lines(rules, origins: other) == "Vary: Origin\r\n")
            #expect(lines(rules, origins: other, preflight: .get) == "Vary: Origin\r\n")
        }
        #expect(lines(rules, origins: "https://a.test", "https://a.test") == "Vary: Origin\r\n")
        #expect(lines(rules) == "Vary: Origin\r\n")
    }

    @Test("any origin is told so, the same for everyone")
    func any() throws {
        let rules = try rules(["*"])
        let expected = "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: X-A\r\n"
        #expect(lines(rules) == expected && lines(rules, origins: "https://a.test") == expected)
    }

    @Test("the answer to a preflight names the methods of the route, or the one asked about where it has all")
    func preflight() throws {
        let permitted = "Access-Control-Allow-Headers: Authorization\r\nAccess-Control-Max-Age: 3600\r\n"
        let start =
            "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.test\r\nAccess-Control-Allow-Credentials: true\r\n"
        let some = try rules(["https://a.test"], credentials: true, methods: ["PUT", "DELETE"])
        #expect(
            lines(some, origins: "https://a.test", preflight: .put)
                == start + "Access-Control-Allow-Methods: PUT, DELETE\r\n" + permitted)
        let all = try rules(["https://a.test"], credentials: true)
        #expect(
            lines(all, origins: "https://a.test", preflight: .other("PURGE"))
                == start + "Access-Control-Allow-Methods: PURGE\r\n" + permitted)
    }
}
