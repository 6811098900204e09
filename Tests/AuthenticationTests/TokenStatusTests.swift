import Authentication
import JOSE
import StrictJSON
import TestSupport
import Testing

@Suite("RFC 7662 §2.2: tokens that their issuer is asked about")
struct TokenStatusTests {
    private static let now = TokenMint.now
    private static let opaque = Array("2YotnFZFEjr1zCsicMWpAA".utf8)

    private func makeFixture(_ change: (inout Issuer) -> Void = { _ in }) throws -> Fixture {
        try Fixture { issuer in
            issuer.keys = KeySet()
            issuer.requiresExpiry = false
            issuer.verification = .status(SHA256.hash(Array("endpoint".utf8).span))
            change(&issuer)
        }
    }

    private func outcome(
        _ fixture: Fixture, _ answer: String? = nil, until end: Int = now + 30, now: Int = now, token: [UInt8] = opaque,
        accepted: NameSet? = nil
    ) throws -> Result<Principal, TokenError> {
        let status: TokenStatus? = try answer.map {
            .active(try JSONReader.read(Array($0.utf8).span, limits: JSONLimits(depth: 8)), end: end)
        }
        return Result { () throws(TokenError) in
            try fixture.authenticator.authenticate(
                token: token.span, acceptedIssuers: accepted, now: now, status: status)
        }
    }

    private func error(_ outcome: Result<Principal, TokenError>) -> TokenError? {
        if case .failure(let error) = outcome { error } else { nil }
    }

    private let good = #"{"active":true,"aud":"api","sub":"alice","scope":"read"}"#

    @Test("The issuer is asked first, and its answer is believed for as long as it says, by a clock that goes forward")
    func answer() throws {
        let fixture = try makeFixture()
        guard case .undecided(.status(issuer: 0, let token)) = error(try outcome(fixture)) else {
            Issue.record("not asked")
            return
        }
        #expect(token.bytes == Self.opaque && "\(token)" == "a token" && String(reflecting: token) == "a token")
        let principal = try outcome(fixture, good).get()
        #expect(principal.subject == "alice" && principal.scopeNames == ["read"])
        #expect(try outcome(fixture, now: Self.now + 29).get() === principal)
        #expect(error(try outcome(fixture, now: Self.now + 30))?.isUndecided == true)
        _ = try outcome(fixture, good).get()
        #expect(error(try outcome(fixture, now: Self.now - 1))?.isUndecided == true)
    }

    @Test("An answer that is good for one request only is not kept")
    func notKept() throws {
        let fixture = try makeFixture()
        _ = try outcome(fixture, good, until: Self.now).get()
        #expect(fixture.authenticator.cachedIdentityCount == 0)
    }

    @Test("iss is checked if it is there; without aud the token is for nobody, unless anybody will do")
    func claims() throws {
        let fixture = try makeFixture()
        let answers: [(String, TokenError?)] = [
            (#"{"active":true,"aud":"api","iss":"https://issuer.test"}"#, nil),
            (#"{"active":true,"aud":"api","iss":"https://other.test"}"#, .unknownIssuer),
            (#"{"active":true,"aud":["x","api"]}"#, nil), (#"{"active":true}"#, .wrongAudience),
            (#"{"active":true,"aud":"other"}"#, .wrongAudience),
            (#"{"active":true,"aud":"api","exp":1}"#, .expired),
            (#"{"active":true,"aud":"api","nbf":2000000000}"#, .notYetValid),
            (#"{"active":true,"aud":"api","exp":"never"}"#, .malformed(.claimType)),
            (#"{"active":true,"aud":"api","token_use":"refresh_token"}"#, .wrongType),
            (#"{"active":true,"aud":"api","token_type":"Refresh_Token"}"#, .wrongType),
            (#"{"active":true,"aud":"api","token_use":"access_token","token_type":"Bearer"}"#, nil),
        ]
        for (answer, wanted) in answers {
            #expect(error(try outcome(fixture, answer, until: Self.now)) == wanted, "\(answer)")
        }
        let any = try Fixture { issuer in
            issuer = Issuer(
                name: "main", issuer: "https://issuer.test", audience: nil, algorithms: issuer.algorithms,
                keys: KeySet())
            issuer.verification = .status(SHA256.hash(Array("other".utf8).span))
            issuer.requiresExpiry = false
        }
        #expect(error(try outcome(any, #"{"active":true}"#)) == nil)
    }

    @Test("Audience, expiry and accepted issuers are looked at on every hit")
    func everyHit() throws {
        let fixture = try makeFixture { $0.clockSkew = 0 }
        let answer = #"{"active":true,"aud":"api","exp":\#(Self.now + 10)}"#
        _ = try outcome(fixture, answer).get()
        #expect(error(try outcome(fixture, now: Self.now + 10)) == .expired)
        _ = try outcome(fixture, answer).get()
        #expect(error(try outcome(fixture, accepted: NameSet())) == .malformed(.parts))
    }

    @Test("Not active is inactive; not known is undecided")
    func refused() throws {
        let fixture = try makeFixture()
        let token = Self.opaque
        #expect(throws: TokenError.inactive) {
            try fixture.authenticator.authenticate(token: token.span, now: Self.now, status: .inactive)
        }
        #expect(throws: TokenError.statusUnavailable) {
            try fixture.authenticator.authenticate(token: token.span, now: Self.now, status: .unknown)
        }
        #expect(TokenError.statusUnavailable.isUndecided && !TokenError.inactive.isUndecided)
    }

    @Test("JWTs that name the issuer are asked about as well; others, and broken ones, are shown to nobody")
    func signedTokens() throws {
        let fixture = try makeFixture()
        let own = try fixture.mint.token()
        #expect(error(try outcome(fixture, token: own))?.isUndecided == true)
        #expect(error(try outcome(fixture, good, token: own)) == nil)
        let other = try fixture.mint.token(#"{"iss":"https://other.test"}"#)
        #expect(error(try outcome(fixture, token: other)) == .unknownIssuer)
        #expect(error(try outcome(fixture, token: Array("eyJhbGciOiJub25lIn0.e30.".utf8))) == .unsupportedAlgorithm)
        for text in ["eyJh.b", "a.b.c", "e", "", "eyJ.a.b.c.d", "{\"a\"}.b.c"] {
            #expect(error(try outcome(fixture, token: Array(text.utf8)))?.isUndecided == true, "\(text)")
        }
    }

    @Test("CVE-2026-33496: what one endpoint said is not known under another")
    func otherEndpoint() throws {
        let first = try makeFixture()
        _ = try outcome(first, good).get()
        let second = try Fixture(mint: first.mint) { issuer in
            issuer.keys = KeySet()
            issuer.requiresExpiry = false
            issuer.verification = .status(SHA256.hash(Array("another endpoint".utf8).span))
        }
        second.authenticator.adoptCache(of: first.authenticator)
        #expect(error(try outcome(second))?.isUndecided == true)
    }
}
