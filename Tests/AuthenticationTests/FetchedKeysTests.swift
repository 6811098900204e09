import Authentication
import JOSE
import TestSupport
import Testing

@Suite("security.md rules 16 and 17: keys that are fetched while tokens come")
struct FetchedKeysTests {
    private static let now = TokenMint.now

    private func makeFixture() throws -> Fixture {
        try Fixture { issuer in
            issuer.keys = KeySet()
            issuer.verification = .fetchedKeys
        }
    }

    private func error(_ fixture: Fixture, now: Int = now, of claims: String = TokenMint.claims()) throws -> TokenError?
    {
        error(fixture, now: now, token: try fixture.mint.token(claims))
    }

    private func error(_ fixture: Fixture, now: Int = now, token: [UInt8]) -> TokenError? {
        do throws(TokenError) {
            _ = try fixture.authenticator.authenticate(token: token.span, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test("Before the first keys, they are asked for once, and then the token is undecided until asking may help again")
    func noKeys() throws {
        let fixture = try makeFixture()
        #expect(try error(fixture) == .undecided(.keys(issuer: 0)))
        fixture.authenticator.noteKeys(isCurrent: false, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        #expect(try error(fixture) == .keysUnavailable)
        #expect(try error(fixture, now: Self.now + 10) == .undecided(.keys(issuer: 0)))
    }

    @Test("A key that is not among them is asked for once; it is unknown only if the issuer's newest keys are at hand")
    func unknownKey() throws {
        let fixture = try makeFixture()
        let authenticator = fixture.authenticator
        authenticator.adopt(try TokenMint().keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        #expect(try error(fixture) == .undecided(.keys(issuer: 0)))
        authenticator.noteKeys(isCurrent: true, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        #expect(try error(fixture) == .unknownKey)
        authenticator.noteKeys(isCurrent: false, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        #expect(try error(fixture) == .keysUnavailable)
        authenticator.adopt(try fixture.mint.keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        #expect(try error(fixture) == nil)
    }

    @Test("Where the clock was set back, nobody knows how long ago the issuer was asked, and it is asked again")
    func clockSetBack() throws {
        let fixture = try makeFixture()
        fixture.authenticator.adopt(try TokenMint().keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        fixture.authenticator.noteKeys(isCurrent: true, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        let token = try fixture.mint.token()
        #expect(error(fixture, token: token) == .unknownKey)
        #expect(error(fixture, now: Self.now - 1, token: token) == .undecided(.keys(issuer: 0)))
    }

    @Test("A token of another issuer, or signed with another algorithm, asks for nothing")
    func noQuestionForOthers() throws {
        let fixture = try makeFixture()
        #expect(try error(fixture, of: #"{"iss":"https://other.test"}"#) == .unknownIssuer)
        let token = try TokenMint(.ps256).token()
        #expect(throws: TokenError.unsupportedAlgorithm) {
            try fixture.authenticator.authenticate(token: token.span, now: Self.now)
        }
    }

    @Test("Keys beyond their maximum age verify nothing, not even a token that was seen before")
    func keysTooOld() throws {
        let fixture = try makeFixture()
        fixture.authenticator.adopt(try fixture.mint.keySet(), until: Self.now + 60, ofIssuerAt: 0)
        let token = try fixture.mint.token()
        #expect(error(fixture, token: token) == nil)
        fixture.authenticator.noteKeys(isCurrent: false, nextQuestion: Self.now + 100, ofIssuerAt: 0, now: Self.now)
        #expect(error(fixture, now: Self.now + 59, token: token) == nil)
        #expect(error(fixture, now: Self.now + 60, token: token) == .keysUnavailable)
        #expect(try error(fixture, now: Self.now + 60) == .keysUnavailable)
        fixture.authenticator.adopt(try fixture.mint.keySet(), until: Self.now + 120, ofIssuerAt: 0)
        #expect(error(fixture, now: Self.now + 60, token: token) == nil)
    }

    @Test("A key that the issuer has withdrawn makes no cached identity good")
    func withdrawnKey() throws {
        let fixture = try makeFixture()
        fixture.authenticator.adopt(try fixture.mint.keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        let token = try fixture.mint.token()
        #expect(error(fixture, token: token) == nil && fixture.authenticator.cachedIdentityCount == 1)
        fixture.authenticator.adopt(try TokenMint().keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        fixture.authenticator.noteKeys(isCurrent: true, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        #expect(error(fixture, token: token) == .unknownKey && fixture.authenticator.cachedIdentityCount == 0)
    }

    @Test("A signature that is not good may be that of a new key, where keys have no name")
    func namelessKey() throws {
        let fixture = try makeFixture()
        fixture.authenticator.adopt(try TokenMint().keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        let token = try fixture.mint.token(header: #"{"alg":"ES256"}"#)
        #expect(error(fixture, token: token) == .undecided(.keys(issuer: 0)))
        fixture.authenticator.noteKeys(isCurrent: true, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        #expect(error(fixture, token: token) == .badSignature)
        fixture.authenticator.noteKeys(isCurrent: false, nextQuestion: Self.now + 10, ofIssuerAt: 0, now: Self.now)
        #expect(error(fixture, token: token) == .keysUnavailable)
        fixture.authenticator.adopt(try fixture.mint.keySet(), until: Self.now + 3600, ofIssuerAt: 0)
        #expect(error(fixture, token: token) == nil)
    }

    @Test("The keys of the configuration are never asked for")
    func ownKeys() throws {
        let others = try TokenMint().keySet()
        let fixture = try Fixture { $0.keys = others }
        #expect(try error(fixture) == .unknownKey)
    }
}
