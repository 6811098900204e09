import AccessLog
import Authentication
import Authorization
import HTTP
import Testing
import TokenEndpoint
import Transport
import Upstream

@testable import Configuration
@testable import Gateway

/// A refusal and what decisions.md says of it, at the default settings.
struct RefusalCase: Sendable, CustomTestStringConvertible {
    let refusal: Refusal
    let decision: Decision
    let reason: String
    let status: Int
    let detail: String?
    let challenge: String?

    init(
        _ refusal: Refusal, _ decision: Decision, _ reason: String, _ status: Int, _ detail: String? = nil,
        challenge: String? = nil
    ) {
        self.refusal = refusal
        self.decision = decision
        self.reason = reason
        self.status = status
        self.detail = detail
        self.challenge = challenge
    }

    var testDescription: String { reason }

    private static let bearer = "Bearer realm=\"gateway\""
    private static let unusable = ", error=\"invalid_token\", error_description=\"The token has expired\""

    /// Every kind of refusal, on a route that asks for the scopes `a` and `b`.
    static let all = [
        RefusalCase(
            .noToken, .deny, "no_token", 401, "Not authenticated", challenge: bearer + ", scope=\"a b\""),
        RefusalCase(
            .denied(.notAuthenticated(requiredScopes: ["a", "b"])), .deny, "no_token", 401, "Not authenticated",
            challenge: bearer + ", scope=\"a b\""),
        RefusalCase(
            .unusableToken(.expired), .deny, "expired", 401, "Could not validate credentials",
            challenge: bearer + unusable + ", scope=\"a b\""),
        RefusalCase(
            .denied(.insufficientScope(required: ["a", "b"], missing: ["b"])), .deny, "insufficient_scope", 401,
            "Not enough permissions", challenge: bearer + ", error=\"insufficient_scope\", scope=\"a b\""),
        RefusalCase(
            .denied(.insufficientRole(required: ["x"])), .deny, "insufficient_role", 401, "Not enough permissions",
            challenge: bearer + ", error=\"insufficient_scope\""),
        RefusalCase(.noRoute, .deny, "no_route", 401, "No route matches", challenge: bearer),
        RefusalCase(
            .methodNotAllowed([.get]), .deny, "method_not_allowed", 401, "No route matches", challenge: bearer),
        RefusalCase(
            .ambiguousCredentials, .reject, "ambiguous_credentials", 400,
            "More than one of Authorization, the fields for API keys and tokens, the cookie for tokens and a WebSocket's "
                + "protocols holds a credential",
            challenge: bearer + ", error=\"invalid_request\""
        ),
        RefusalCase(.ambiguousPath, .reject, "ambiguous_path", 400),
        RefusalCase(.rewriteConflict, .undecided, "rewrite_conflict", 502),
        RefusalCase(.rejected(.bareLineFeed), .reject, "bad_request", 400),
        RefusalCase(.rejected(.headTooSlow), .reject, "request_timeout", 408),
        RefusalCase(.rejected(.bodyTooLarge), .reject, "body_too_large", 413),
        RefusalCase(.rejected(.targetTooLong), .reject, "target_too_long", 414),
        RefusalCase(.rejected(.unknownExpectation), .reject, "expectation_failed", 417),
        RefusalCase(.rejected(.tooManyFields), .reject, "head_too_large", 431),
        RefusalCase(.rejected(.unknownTransferCoding), .reject, "not_implemented", 501),
        RefusalCase(.rejected(.unsupportedVersion), .reject, "version_not_supported", 505),
        RefusalCase(.upstream(.unreachable(.refused)), .allow, "upstream_unreachable", 503),
        RefusalCase(.upstream(.timedOut(.connect)), .allow, "upstream_unreachable", 503),
        RefusalCase(.upstream(.busy), .allow, "upstream_busy", 503),
        RefusalCase(.upstream(.closedEarly), .allow, "upstream_protocol", 502),
        RefusalCase(.upstream(.malformed(detail: "x")), .allow, "upstream_protocol", 502),
        RefusalCase(.upstream(.timedOut(.head)), .allow, "upstream_timeout", 504),
        RefusalCase(.webSocketNotForwarded, .reject, "not_implemented", 501),
        RefusalCase(.overloaded, .undecided, "overloaded", 503),
        RefusalCase(.tooManyLogins, .undecided, "overloaded", 503),
        RefusalCase(.rateLimited(seconds: 7), .deny, "rate_limited", 429, "Too many requests"),
        RefusalCase(.tokenRefused(.invalidRequest(.malformedForm)), .reject, "bad_request", 400),
        RefusalCase(.tokenRefused(.unsupportedGrantType), .reject, "bad_request", 400),
        RefusalCase(
            .tokenRefused(.invalidClient), .deny, "no_token", 401, challenge: "Basic realm=\"gateway\""),
        RefusalCase(.tokenRefused(.invalidGrant), .deny, "no_token", 400),
        RefusalCase(.tokenRefused(.unauthorizedClient), .deny, "insufficient_scope", 400),
        RefusalCase(.tokenRefused(.invalidScope), .deny, "insufficient_scope", 400),
        RefusalCase(.tokenRefused(.unavailable), .undecided, "internal", 500),
    ]
}

@Suite("decisions.md: refusals")
struct RefusalTests {
    @Test("each refusal has the decision, reason, status and words of the table", arguments: RefusalCase.all)
    func table(_ expected: RefusalCase) {
        let refusal = expected.refusal
        #expect(refusal.decision == expected.decision)
        #expect(refusal.reason.rawValue == expected.reason)
        #expect(refusal.status(RefusalConfiguration()) == expected.status)
        if let detail = expected.detail { #expect(refusal.detail == detail) }
        #expect((refusal.retryAfter != nil) == [429, 503].contains(expected.status))
    }

    @Test("each refusal has its challenge, or none", arguments: RefusalCase.all)
    func challenge(_ expected: RefusalCase) {
        #expect(challenge(expected.refusal, hidesUnmatched: true) == expected.challenge)
    }

    @Test("with unmatched_status 404 there is no challenge where there is no route")
    func unmatched() {
        var settings = RefusalConfiguration()
        settings.unmatchedStatus = 404
        #expect(Refusal.noRoute.status(settings) == 404)
        #expect(Refusal.methodNotAllowed([.get]).status(settings) == 405)
        #expect(challenge(.noRoute, hidesUnmatched: settings.hidesUnmatched) == nil)
        #expect(challenge(.methodNotAllowed([.get]), hidesUnmatched: settings.hidesUnmatched) == nil)
    }

    @Test("insufficient_scope_status is for scopes and roles only")
    func insufficientScopeStatus() {
        var settings = RefusalConfiguration()
        settings.insufficientScopeStatus = 403
        #expect(Refusal.denied(.insufficientScope(required: [], missing: [])).status(settings) == 403)
        #expect(Refusal.denied(.insufficientRole(required: [])).status(settings) == 403)
        #expect(Refusal.denied(.notAuthenticated(requiredScopes: [])).status(settings) == 401)
        #expect(Refusal.noToken.status(settings) == 401)
    }

    @Test("every malformed message ends the connection, and no decision does", arguments: RefusalCase.all)
    func connection(_ expected: RefusalCase) {
        if case .rejected = expected.refusal { #expect(expected.refusal.endsConnection) }
        if expected.decision == .deny { #expect(!expected.refusal.endsConnection) }
    }

    @Test("quotes and backslashes of the realm are escaped")
    func realm() {
        var output: [UInt8] = []
        let challenge = Challenge(refusal: .noToken, realm: #"a"b\c"#, scopes: [])
        #expect(challenge.append(to: &output, hidesUnmatched: true))
        #expect(String(decoding: output, as: UTF8.self) == #"Bearer realm="a\"b\\c""#)
    }

    @Test(
        "what says where tokens are to be had stands last, in every challenge of 401 and 403",
        arguments: RefusalCase.all)
    func resourceMetadata(_ expected: RefusalCase) {
        var output: [UInt8] = []
        let url = Array("https://a.test/.well-known/oauth-protected-resource/b".utf8)
        let challenge = Challenge(
            refusal: expected.refusal, realm: "gateway", scopes: ["a", "b"], resourceMetadata: url)
        let isThere = challenge.append(to: &output, hidesUnmatched: false)
        let text = String(decoding: output, as: UTF8.self)
        let isForTokens = expected.status == 401 && text.hasPrefix("Bearer")
        let member = ", resource_metadata=\"https://a.test/.well-known/oauth-protected-resource/b\""
        #expect(text.hasSuffix(member) == isForTokens)
        if isForTokens { #expect(isThere && text == (expected.challenge ?? "") + member) }
    }

    @Test("the problem document is JSON with the words of the refusal", arguments: RefusalCase.all)
    func problem(_ expected: RefusalCase) throws {
        let document = ProblemDocument(
            refusal: expected.refusal, status: expected.status, requestID: Array("01ABC".utf8))
        let title = String(decoding: reasonPhrase(of: expected.status).bytes, as: UTF8.self)
        #expect(!title.isEmpty)
        #expect(
            String(decoding: document.json, as: UTF8.self) == """
                {"type":"about:blank","title":"\(title)","status":\(expected.status),\
                "detail":"\(expected.refusal.detail)","reason":"\(expected.reason)","request_id":"01ABC"}

                """)
        #expect(!expected.refusal.detail.utf8.contains { $0 < 0x20 || $0 > 0x7E || "\"\\".utf8.contains($0) })
    }

    private func challenge(_ refusal: Refusal, hidesUnmatched: Bool) -> String? {
        var output: [UInt8] = []
        let challenge = Challenge(refusal: refusal, realm: "gateway", scopes: ["a", "b"])
        guard challenge.append(to: &output, hidesUnmatched: hidesUnmatched) else { return nil }
        return String(decoding: output, as: UTF8.self)
    }
}

extension StaticString {
    fileprivate var bytes: [UInt8] { Array(description.utf8) }
}
