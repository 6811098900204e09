import AccessLog
import Bytes
import Configuration
import JOSE
import StrictJSON
import TestSupport
import Testing

@testable import Gateway

@Suite("decisions.md: the reason is the same word in the log and in explain")
struct ExplainerTests {
    private let mint: TokenMint
    private let explainer: Explainer

    init() throws {
        mint = try TokenMint()
        let keys = mint.key.publicKeySet()
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0", "livez": true }],
              "scopes": { "read": "R", "write": "W", "list": "L" },
              "roles": { "viewer": { "scopes": ["read"] }, "editor": { "includes": ["viewer"], "scopes": ["write"] },
                "admin": { "includes": ["editor"] } },
              "issuers": { "main": { "issuer": "https://issuer.test", "audience": ["api"], "algorithms": ["ES256"],
                  "keys": { "jwks_file": "keys.json" }, "required_claims": ["sub", "tenant"], "maximum_lifetime": "1h",
                  "claims": { "scopes": [["access", "scopes"]], "roles": [["access", "roles"]] } },
                "token": { "issuer": "https://token.test", "audience": "any", "algorithms": ["ES256"],
                  "keys": { "jwks_file": "keys.json" }, "grant": "token", "token_type": "at+jwt" } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"] } },
              "route_defaults": { "upstream": "u" },
              "routes": [
                { "id": "read", "path": "/items/{id}", "methods": ["GET"], "scopes": ["read"] },
                { "id": "write", "path": "/items/{id}", "methods": ["PUT"], "scopes": ["read", "write"] },
                { "id": "special", "path": "/items/special", "methods": ["GET"], "roles": ["admin"] },
                { "id": "hosted", "path": "/hosted", "host": "a.test", "public": true },
                { "id": "shadow", "path": "/shadow", "scopes": ["list"], "shadow": true },
                { "id": "main.only", "path": "/main", "authenticated": true, "issuers": ["main"] },
                { "id": "api", "path": "/api/{rest...}", "authenticated": true, "rewrite": { "strip_prefix": "/api" } }
              ] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(keys) })
        explainer = try Explainer(
            GatewayConfiguration.read(Array(text.utf8), file: "gateway.json", surroundings: surroundings))
    }

    private func explain(
        _ method: String, _ target: String, host: String? = nil, _ credential: SupposedRequest.Credential = .none
    ) throws -> Explanation {
        try explainer.explain(
            SupposedRequest(method: method, target: target, host: host, credential: credential), file: "gateway.json",
            now: TokenMint.now)
    }

    private func granted(
        _ scopes: [String] = [], roles: [String] = [], issuer: String? = nil
    ) -> SupposedRequest.Credential {
        .granted(scopes: scopes, roles: roles, issuer: issuer)
    }

    private func claims(_ text: String) throws -> SupposedRequest.Credential {
        .claims(try JSONReader.read(text.utf8.span).object ?? [])
    }

    private func step(_ key: String, _ explanation: Explanation) throws -> Explanation.Step {
        try #require(explanation.steps.first { $0.key == key })
    }

    private func fact(_ key: String, _ step: Explanation.Step) throws -> Explanation.Fact {
        try #require(step.facts.first { $0.key == key })
    }

    @Test("a permitted request names route, upstream and path")
    func allowed() throws {
        let explanation = try explain("GET", "/items/1?q", granted(["read"]))
        let outcome = explanation.outcome
        #expect(outcome.decision == .allow)
        #expect(outcome.reason == .allowed)
        #expect(outcome.route == "read")
        #expect(outcome.upstream == "u")
        #expect(outcome.upstreamPath == "/items/1")
        #expect(outcome.status == nil)
        #expect(explanation.remedies.isEmpty)
    }

    @Test(
        "issuers whose provider would have to be asked are rehearsed like others",
        arguments: [
            #""algorithms": ["RS256"], "keys": { "discovery": true }, "keys_at_start": "wait""#,
            #""algorithms": ["RS256"], "keys": { "jwks_uri": "https://keys.test/" }"#,
            """
            "keys": { "introspection": { "endpoint": "https://idp.test/", "client_id": "c", "client_secret": "s" } }
            """,
        ])
    func providers(keys: String) throws {
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0" }], "scopes": { "read": "R" },
              "issuers": { "main": { "issuer": "https://idp.test/", "audience": ["api"], \(keys) } },
              "routes": [ { "id": "read", "path": "/items", "scopes": ["read"],
                "upstream": { "servers": ["http://127.0.0.1:1"] } } ] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success([]) })
        let configuration = try GatewayConfiguration.read(Array(text.utf8), file: "g.json", surroundings: surroundings)
        let explainer = try Explainer(configuration)
        func reason(_ credential: SupposedRequest.Credential) throws -> Reason {
            try explainer.outcome(
                of: SupposedRequest(method: "GET", target: "/items", host: nil, credential: credential),
                now: TokenMint.now
            ).reason
        }
        #expect(try reason(granted(["read"])) == .allowed)
        #expect(try reason(granted(["write"])) == .insufficientScope)
        #expect(try reason(claims(#"{ "aud": "api", "scope": "read", "sub": "a", "exp": 9999999999 }"#)) == .allowed)
        let token = try mint.token(#"{ "iss": "https://idp.test/", "aud": "api", "scope": "read", "exp": 9999999999 }"#)
        let check = try TokenCheck(token.span, by: configuration, now: TokenMint.now)
        #expect(check.unaskedIssuer == "main")
        #expect(check.verifyingIssuer == nil && check.refusal == nil)
    }

    @Test("scopes that roles grant are shown with the way to them, and the policy decides on them")
    func roleGrants() throws {
        let explanation = try explain("PUT", "/items/1", granted(roles: ["admin", "nobody"]))
        #expect(explanation.outcome.reason == .allowed)
        let authorization = try step("authorization", explanation)
        #expect(
            try fact("granted_by_roles", authorization).lines
                == ["admin > editor: write", "admin > editor > viewer: read"])
        #expect(try fact("scopes", authorization).lines == ["read write"])
        #expect(try fact("not_configured", authorization).lines == ["nobody"])
    }

    @Test("an issuer's grant is what counts")
    func grant() throws {
        let explanation = try explain("PUT", "/items/1", granted(["read"], roles: ["admin"], issuer: "token"))
        #expect(explanation.outcome.reason == .insufficientScope)
        let authorization = try step("authorization", explanation)
        #expect(try fact("grant", authorization).lines == ["token"])
        #expect(try fact("scopes", authorization).lines == ["read"])
        #expect(try fact("missing_scopes", authorization).lines == ["write"])
        // No role helps under this grant.
        #expect(
            explanation.remedies
                == ["a token with write besides", "another requirement on write (gateway.json:14:5)"])
    }

    @Test("what would have made a request pass does make it pass")
    func remedies() throws {
        let denied = try explain("PUT", "/items/1", granted(["read"]))
        #expect(denied.outcome.challenge?.contains(#"scope="read write""#) == true)
        #expect(
            denied.remedies.prefix(2) == [
                "a token with write besides", "a token with the role editor or admin besides",
            ])
        #expect(try explain("PUT", "/items/1", granted(["read", "write"])).outcome.decision == .allow)
        #expect(try explain("PUT", "/items/1", granted(["read"], roles: ["editor"])).outcome.decision == .allow)
        let roleless = try explain("GET", "/items/special", granted(["read"]))
        #expect(roleless.outcome.reason == .insufficientRole)
        #expect(roleless.remedies.first == "a token with the role admin besides")
    }

    @Test("each route says why it was not found")
    func candidates() throws {
        func candidates(_ explanation: Explanation) throws -> [String] {
            try fact("candidates", step("route", explanation)).lines
        }
        #expect(
            try candidates(explain("GET", "/items/special", granted())).prefix(2) == [
                #"read (gateway.json:13:5): special has "special" where this has {id} (segment 2)"#,
                "write (gateway.json:14:5): for PUT, not GET",
            ])
        #expect(
            try candidates(explain("GET", "/hosted", host: "b.test"))
                == ["hosted (gateway.json:16:5): for the host a.test, not b.test", "6 more with another path"])
        #expect(
            try candidates(explain("PUT", "/items/special"))[1]
                == "write (gateway.json:14:5): a more specific path owns the request, which has no route for the method"
        )
        #expect(
            try candidates(explain("GET", "/items")).first
                == "read (gateway.json:13:5): /items/{id} has {id} where the path has the end (segment 2)")
    }

    @Test("routes that nearly have a request")
    func nearRoutes() throws {
        #expect(
            try explain("GET", "/hosted", host: "b.test").remedies == [
                "the host a.test, which is that of hosted (gateway.json:16:5)", "a route for /hosted in gateway.json",
            ])
        #expect(
            try explain("GET", "/items").remedies.first
                == "a path such as /items/{id}, which is that of read (gateway.json:13:5)")
    }

    @Test("a method is to be added where that would help")
    func methods() throws {
        #expect(
            try explain("PUT", "/items/special").remedies
                == ["one of the methods GET", "PUT among the methods of special (gateway.json:15:5)"])
        #expect(
            try explain("POST", "/items/1").remedies == [
                "one of the methods GET, PUT", "POST among the methods of read (gateway.json:13:5)",
                "POST among the methods of write (gateway.json:14:5)",
            ])
    }

    @Test("a path with other readings shows what each finds")
    func readings() throws {
        let explanation = try explain("GET", "/items/a%2fb", granted(["read"]))
        #expect(explanation.outcome.reason == .ambiguousPath)
        #expect(explanation.outcome.status == 400)
        let request = try step("request", explanation)
        #expect(try fact("path", request).lines == ["/items/a%2Fb"])
        #expect(try fact("forms", request).lines == ["encoded_slash"])
        #expect(try fact("readings", request).lines == ["/items/a/b: no route"])
        #expect(
            explanation.remedies.contains { $0.hasPrefix(#""allow": ["encoded_slash"] on read (gateway.json:13:5)"#) })
    }

    @Test(
        "what is no request is rejected as it is by the parser",
        arguments: [
            ("GET", "/%zz", Reason.ambiguousPath, 400), ("G{T", "/", .badRequest, 400),
            ("TRACE", "/", .notImplemented, 501),
            ("GET", "nowhere", .badRequest, 400), ("GET", "/a b", .badRequest, 400),
            ("GET", "http://a@b@c/", .badRequest, 400),
            ("GET", "/" + String(repeating: "a", count: 9000), .targetTooLong, 414),
        ])
    func rejected(method: String, target: String, reason: Reason, status: Int) throws {
        let outcome = try explain(method, target).outcome
        #expect(outcome.decision == .reject)
        #expect(outcome.reason == reason)
        #expect(outcome.status == status)
    }

    @Test("a real token's signature is checked, and the token is not shown")
    func token() throws {
        let good = try mint.token(
            #"{"iss":"https://issuer.test","aud":"api","sub":"s","tenant":1,"exp":1800000300,"access":{"scopes":["read"]}}"#
        )
        let explanation = try explain("GET", "/items/1", .token(good))
        #expect(explanation.outcome.reason == .allowed)
        #expect(try fact("signature", step("token", explanation)).lines == ["good"])
        let json = String(decoding: explanation.json.line, as: UTF8.self)
        for part in String(decoding: good, as: UTF8.self).split(separator: ".") { #expect(!json.contains(part)) }

        var forged = good
        forged[good.count - 10] = forged[good.count - 10] == 0x41 ? 0x42 : 0x41
        let refused = try explain("GET", "/items/1", .token(forged))
        #expect(refused.outcome.reason == .badSignature)
        let token = try step("token", refused)
        #expect(try fact("signature", token).mark == .failed)
        #expect(!token.facts.contains { $0.key == "exp" })
    }

    @Test("claims that no signature vouches for are no token's")
    func noSignature() throws {
        let explanation = try explain("GET", "/items/1", granted(["read"]))
        #expect(try fact("signature", step("token", explanation)).lines[0].hasPrefix("not checked"))
        // The key that the claims are signed with is good for nothing else.
        let other = try Explainer(explainer.configuration)
        let supposed = SupposedRequest(method: "GET", target: "/items/1", credential: granted(["read"]))
        #expect(try other.outcome(of: supposed, now: TokenMint.now).decision == .allow)
        let forged = try SigningKey(generating: .es256).token(
            header: Array(#"{"alg":"ES256"}"#.utf8).span, claims: Array(#"{"iss":"https://issuer.test"}"#.utf8).span)
        #expect(try explain("GET", "/items/1", .token(#require(forged))).outcome.reason == .badSignature)
    }

    @Test("every check of the claims is shown, not only the first that fails")
    func checks() throws {
        let explanation = try explain(
            "GET", "/items/1",
            claims(
                #"{"iss":"https://issuer.test","aud":["x"],"sub":"s","exp":1799990000,"iat":1799980000,"nbf":1900000000}"#
            ))
        #expect(explanation.outcome.reason == .requiredClaim)
        let token = try step("token", explanation)
        let failed = token.facts.filter { $0.mark == .failed }.map(\.key)
        #expect(failed == ["tenant", "exp", "nbf", "aud", "lifetime", "error"])
        #expect(try fact("exp", token).lines == ["2027-01-15T05:13:20Z, 10000 s ago, 30 s of skew"])
        #expect(try fact("lifetime", token).lines == ["10000 s; at most 3600 s"])
        #expect(explanation.remedies.count == 1)
    }

    @Test(
        "the reason of a token that is not good",
        arguments: [
            (#"{"iss":"https://issuer.test","aud":"api","sub":"s","tenant":1,"exp":1}"#, Reason.expired),
            (#"{"iss":"https://issuer.test","aud":"api","sub":"s","tenant":1,"exp":1800090000}"#, .lifetimeExceeded),
            (#"{"iss":"https://issuer.test","aud":"api","sub":7}"#, .malformedToken),
            (#"{"iss":"https://nobody.test"}"#, .unknownIssuer), ("{}", .unknownIssuer),
        ])
    func tokenReasons(text: String, reason: Reason) throws {
        #expect(try explain("GET", "/items/1", claims(text)).outcome.reason == reason)
    }

    @Test("a token of an issuer that the route does not take")
    func otherIssuer() throws {
        let explanation = try explain("GET", "/main", granted(issuer: "token"))
        #expect(explanation.outcome.reason == .unknownIssuer)
        let token = try step("token", explanation)
        #expect(try fact("issuer", token).mark == .failed)
        #expect(try fact("accepted_issuers", token).lines == [#"main: "https://issuer.test""#])
    }

    @Test("an issuer that is not configured is a mistake, not a denial")
    func unknownIssuer() {
        #expect(throws: ExplainerError.self) { try explain("GET", "/main", granted(issuer: "nobody")) }
    }

    @Test("a shadow route permits, and says what it would have denied")
    func shadow() throws {
        let explanation = try explain("GET", "/shadow", granted(["read"]))
        #expect(explanation.outcome.decision == .allow)
        #expect(explanation.outcome.reason == .shadow)
        #expect(explanation.outcome.wouldDeny == .insufficientScope)
        #expect(explanation.remedies.first == "a token with list besides")
    }

    @Test("a rewritten path that another route would refuse")
    func rewriteConflict() throws {
        let good = try explain("GET", "/api/other", granted())
        #expect(good.outcome.upstreamPath == "/other")
        let explanation = try explain("GET", "/api/items/1", granted())
        #expect(explanation.outcome.decision == .undecided)
        #expect(explanation.outcome.status == 502)
        let rewrite = try step("rewrite", explanation)
        #expect(try fact("path", rewrite).lines == ["/items/1"])
        #expect(try fact("finds", rewrite).lines == ["/items/1: route read"])
        #expect(explanation.remedies.first?.contains("read (gateway.json:13:5)") == true)
        #expect(try explain("GET", "/api/items/1", granted(["read"])).outcome.upstreamPath == "/items/1")
    }

    @Test("a built-in path is answered before any route")
    func builtIn() throws {
        let outcome = try explain("GET", "/livez").outcome
        #expect(outcome.route == "gateway.livez")
        #expect(outcome.reason == .public)
        #expect(outcome.status == 200)
        #expect(try explain("POST", "/livez").outcome.reason == .methodNotAllowed)
    }
}
