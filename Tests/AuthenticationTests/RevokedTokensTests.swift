import Authentication
import Revocation
import TestSupport
import Testing

@Suite("security.md rule 15: revocation counts on every hit")
struct RevokedTokensTests {
    private static let claims = TokenMint.claims(
        #""jti":"t1","sid":"s1","client_id":"web","iat":\#(TokenMint.now - 60)"#)

    @Test(
        "A token is refused by jti, sid, subject and client, also when its identity is known; another is not",
        arguments: [
            (RevocationEntry(.token("t1")), true), (RevocationEntry(.token("t2")), false),
            (RevocationEntry(.session("s1")), true), (RevocationEntry(.client("web")), true),
            (RevocationEntry(.subject("alice"), issuedBefore: TokenMint.now), true),
            (RevocationEntry(.subject("alice"), issuedBefore: TokenMint.now - 60), false),
            (RevocationEntry(.token("t1"), issuer: "https://other.test"), false),
            (RevocationEntry(.token("t1"), end: TokenMint.now), false),
        ])
    func revoked(entry: RevocationEntry, isRefused: Bool) throws {
        let fixture = try Fixture()
        let principal = try fixture.principal(Self.claims)
        fixture.authenticator.adopt(Denylist([entry]))
        #expect(fixture.authenticator.isRevoked(principal, now: TokenMint.now) == isRefused)
        if isRefused {
            #expect(throws: TokenError.revoked) { try fixture.principal(Self.claims) }
        } else {
            _ = try fixture.principal(Self.claims)
        }
        fixture.authenticator.adopt(Denylist([]))
        _ = try fixture.principal(Self.claims)
    }

    @Test("An identity is looked up in each list anew, and is revoked as long as the entry lasts, by whatever clock")
    func lists() throws {
        let fixture = try Fixture()
        let now = TokenMint.now
        let entry = RevocationEntry(.token("t1"), end: now + 10)
        _ = try fixture.principal(Self.claims)
        for _ in 0..<2 {
            fixture.authenticator.adopt(Denylist([RevocationEntry(.token("t2"))]))
            _ = try fixture.principal(Self.claims)
            fixture.authenticator.adopt(Denylist([entry]))
            #expect(throws: TokenError.revoked) { try fixture.principal(Self.claims, now: now + 9) }
            _ = try fixture.principal(Self.claims, now: now + 10)
            #expect(throws: TokenError.revoked) { try fixture.principal(Self.claims) }
        }
    }

    @Test("The name that the log gives a token without jti revokes nothing")
    func noTokenID() throws {
        let fixture = try Fixture()
        let principal = try fixture.principal(TokenMint.claims())
        fixture.authenticator.adopt(Denylist([RevocationEntry(.token(principal.tokenID))]))
        _ = try fixture.principal(TokenMint.claims())
    }
}
