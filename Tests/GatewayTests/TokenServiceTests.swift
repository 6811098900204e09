import AccessLog
import Authentication
import Authorization
import Bytes
import Configuration
import HTTP
import JOSE
import Testing
import TokenEndpoint

@testable import Gateway

@Suite("configuration.md: the built-in issuer")
struct TokenServiceTests {
    private static let hash =
        "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$GEDJYvr1TTZZVHi5iklTNhA/nLp9g5KhNbwch1iOI78"
    private static let scopes = ["a", "b", "c", "d"]
    private static let now = 1_800_000_000

    /// A gateway whose user has the scopes `a` and `b` by itself, and `b` and `c` by a role.
    private static func configuration(_ grant: String) throws -> GatewayConfiguration {
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0", "livez": true }],
              "scopes": { "a": "", "b": "", "c": "", "d": "" },
              "roles": { "inner": { "scopes": ["c"] }, "outer": { "includes": ["inner"], "scopes": ["b"] } },
              "issuers": { "local": { "issuer": "https://issuer.test", "audience": ["api"], "grant": "\(grant)",
                "token_endpoint": { "path": "/token", "signing_key": { "file": "local.key" },
                  "users": { "alice": { "password": "\(hash)", "scopes": ["b", "a"], "roles": ["outer"] } } } } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"] } },
              "routes": [{ "id": "all", "path": "/{rest...}", "public": true, "upstream": "u" }] }
            """
        let surroundings = Surroundings(
            environment: { _ in nil }, contentsOfFile: { _ in .failure(FileError(code: 2)) })
        return try GatewayConfiguration.read(Array(text.utf8), file: "gateway.json", surroundings: surroundings)
    }

    @Test(
        "Whatever is asked for, a token grants exactly what its answer says, and never more than the user has",
        arguments: [
            ("union", ["a", "b", "c"]), ("token", ["a", "b"]), ("roles", ["b", "c"]), ("intersection", ["b"]),
        ])
    func grants(grant: String, all: [String]) throws {
        let configuration = try Self.configuration(grant)
        let evaluator = try Evaluator(configuration)
        let issuer = try #require(TokenService(configuration, evaluator)).issuer
        let vocabulary = Vocabulary(Self.scopes)
        for number in 0..<16 {
            let asked = Self.scopes.indices.filter { number & 1 << $0 != 0 }.map { Self.scopes[$0] }
            let expected = asked.isEmpty ? all : all.filter(asked.contains)
            do {
                let scopes = asked.isEmpty ? nil : asked
                let token = try #require(try issuer.mint(for: "alice", scopes: scopes, now: Self.now))
                #expect(token.scopes == expected)
                let principal = try evaluator.identify(token.token.span, now: Self.now)
                let held = SupposedHolder(issuerIndex: 0, scopes: principal.scopes, roles: principal.roles)
                #expect(evaluator.scopes(heldBy: held, among: vocabulary) == expected, "\(asked)")
                // Roles open routes by themselves.
                if expected != all { #expect(principal.roles.isEmpty || grant == "intersection") }
            } catch TokenEndpointError.invalidScope {
                #expect(expected.isEmpty || grant == "roles" && expected != all)
            }
        }
    }

    @Test("Built-in paths come before every route, and no other reading of a path leads to them")
    func builtInPaths() throws {
        let configuration = try Self.configuration("union")
        #expect(configuration.builtInPaths.map(\.id) == ["gateway.livez", "gateway.token", "gateway.jwks"])
        let evaluator = try Evaluator(configuration)
        let id = ListenerID.all(in: configuration)[0]
        let listener = ListenerSettings(configuration.listeners[0], id: id)
        var silent = configuration.listeners[0]
        silent.answersLiveness = false
        for path in configuration.builtInPaths {
            #expect(evaluator.builtInPath(path.path.utf8.span, on: listener) == path)
            for other in [path.path + "/", path.path.uppercased(), String(path.path.dropLast()), "/x" + path.path] {
                #expect(evaluator.builtInPath(other.utf8.span, on: listener) == nil)
            }
        }
        #expect(evaluator.builtInPath("/livez".utf8.span, on: ListenerSettings(silent, id: id)) == nil)
        for target in ["//token", "/token;a=b", "/%2e%2e/token%2F..", "/.well-known//jwks.json", "/tok%2565n"] {
            var request = Request()
            var parser = RequestParser(limits: MessageLimits())
            let head = Array("GET \(target) HTTP/1.1\r\nHost: x.test\r\n\r\n".utf8)
            guard (try? parser.parse(head.span, into: &request)) != nil else { continue }
            do throws(Refusal) {
                _ = try evaluator.match(request)
                Issue.record("\(target) was matched")
            } catch {
                #expect(error.reason == .ambiguousPath, "\(target)")
            }
        }
    }
}
