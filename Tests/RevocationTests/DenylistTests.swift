import Testing

@testable import Revocation

@Suite("configuration.md: which tokens are revoked")
struct DenylistTests {
    private func token(
        issuer: String = "https://i", jti: String? = "t", sid: String? = "s", sub: String? = "u", client: String? = "c",
        iat: Int? = 100
    ) -> RevocableToken {
        RevocableToken(issuer: issuer, tokenID: jti, session: sid, subject: sub, client: client, issuedAt: iat)
    }

    private func revokes(_ entries: RevocationEntry..., token: RevocableToken, now: Int = 1000) -> Bool {
        Denylist(entries).revokes(token, now: now)
    }

    @Test("nothing is revoked by nothing")
    func nothing() {
        #expect(Denylist([]).isEmpty)
        #expect(!Denylist([RevocationEntry(.token("a"))]).isEmpty)
        #expect(!revokes(token: token()))
    }

    @Test(
        "each kind is looked for where tokens say it, and nowhere else",
        arguments: [
            (RevocationEntry.Subject.Kind.token, "t"), (.session, "s"), (.subject, "u"), (.client, "c"),
        ])
    func kinds(kind: RevocationEntry.Subject.Kind, text: String) {
        for candidate in ["t", "s", "u", "c", "x", "T", "tt", ""] {
            let entry = RevocationEntry(RevocationEntry.Subject(kind, candidate))
            #expect(revokes(entry, token: token()) == (candidate == text))
        }
    }

    @Test("a token that does not say it is not meant")
    func silentToken() {
        let silent = token(jti: nil, sid: nil, sub: nil, client: nil)
        let entries = ["t", "s", "u", "c", ""].flatMap { text in
            RevocationEntry.Subject.Kind.allCases.map { RevocationEntry(RevocationEntry.Subject($0, text)) }
        }
        #expect(!Denylist(entries).revokes(silent, now: 0))
    }

    @Test("texts are compared byte by byte, without normalization")
    func exactness() {
        #expect(!revokes(RevocationEntry(.token("\u{e9}")), token: token(jti: "e\u{301}")))
        #expect(!revokes(RevocationEntry(.token("t"), issuer: "\u{e9}"), token: token(issuer: "e\u{301}")))
        #expect(
            revokes(RevocationEntry(.token("\u{e9}")), RevocationEntry(.token("e\u{301}")), token: token(jti: "\u{e9}"))
        )
        #expect(
            revokes(
                RevocationEntry(.token("\u{e9}")), RevocationEntry(.token("e\u{301}")), token: token(jti: "e\u{301}")))
    }

    @Test("an entry of an issuer is for its tokens only")
    func issuers() {
        let entry = RevocationEntry(.subject("u"), issuer: "https://i")
        #expect(revokes(entry, token: token()))
        #expect(!revokes(entry, token: token(issuer: "https://j")))
        #expect(!revokes(entry, token: token(issuer: "https://i/")))
        #expect(revokes(entry, RevocationEntry(.subject("u"), issuer: "https://j"), token: token(issuer: "https://j")))
    }

    @Test("API keys are meant only by entries that name them")
    func apiKeys() {
        let key = token(issuer: "api_keys")
        #expect(!revokes(RevocationEntry(.subject("u")), token: key))
        #expect(!revokes(RevocationEntry(.subject("u"), issuer: "https://i"), token: key))
        #expect(revokes(RevocationEntry(.subject("u"), issuer: "api_keys"), token: key))
        #expect(!revokes(RevocationEntry(.subject("u"), issuer: "api_keys"), token: token()))
    }

    @Test("issued_before spares what was issued at that second and later; without iat nothing is spared")
    func issuedBefore() {
        let entry = RevocationEntry(.subject("u"), issuedBefore: 100)
        #expect(revokes(entry, token: token(iat: 99)))
        #expect(!revokes(entry, token: token(iat: 100)))
        #expect(revokes(entry, token: token(iat: nil)))
        #expect(revokes(RevocationEntry(.subject("u")), token: token(iat: .max)))
    }

    @Test("an entry that has ended revokes nothing")
    func ends() {
        let entry = RevocationEntry(.token("t"), end: 1000)
        #expect(revokes(entry, token: token(), now: 999))
        #expect(!revokes(entry, token: token(), now: 1000))
    }

    @Test("of several entries for one subject any is enough, in any order")
    func severalEntries() {
        let soon = RevocationEntry(.subject("u"), issuedBefore: 200, end: 500)
        let long = RevocationEntry(.subject("u"), issuedBefore: 50, end: nil)
        let other = RevocationEntry(.subject("u"), issuer: "https://j")
        for entries in [[soon, long, other], [other, long, soon], [long, soon, other]] {
            let denylist = Denylist(entries)
            #expect(denylist.revokes(token(iat: 100), now: 499))
            #expect(!denylist.revokes(token(iat: 100), now: 500))
            #expect(denylist.revokes(token(iat: 49), now: 500))
            #expect(denylist.revokes(token(issuer: "https://j"), now: 5000))
        }
    }

    @Test("as many entries as there may be")
    func many() {
        let denylist = Denylist((0..<Denylist.maximumCount).map { RevocationEntry(.token("token-\($0)")) })
        #expect(denylist.revokes(token(jti: "token-0"), now: 0))
        #expect(denylist.revokes(token(jti: "token-\(Denylist.maximumCount - 1)"), now: 0))
        #expect(!denylist.revokes(token(jti: "token-\(Denylist.maximumCount)"), now: 0))
    }

    // MARK: Superfluous entries

    @Test("leaving away what another entry says changes nothing for any token at any time")
    func superfluous() {
        let times: [Int?] = [nil, 1, 2, 3]
        let all = times.flatMap { issue in
            times.map { RevocationEntry(.subject("u"), issuedBefore: issue, end: $0) }
        }
        for first in all {
            for second in all {
                for third in all {
                    let entries = [first, second, third]
                    let fewer = entries.withoutSuperfluous()
                    for iat in 0...3 {
                        for now in 0...3 {
                            let token = token(iat: iat)
                            let expected = entries.contains { $0.concerns(token) && !$0.hasEnded(at: now) }
                            let actual = fewer.contains { $0.concerns(token) && !$0.hasEnded(at: now) }
                            if expected != actual { Issue.record("\(entries) at \(now) for iat \(iat)") }
                        }
                    }
                }
            }
        }
    }

    @Test("equal and weaker entries are left away, the order stays, and other scopes are not touched")
    func superfluousOrder() {
        let entries = [
            RevocationEntry(.token("b")), RevocationEntry(.subject("u"), issuedBefore: 1), RevocationEntry(.token("b")),
            RevocationEntry(.token("a"), issuer: "i"), RevocationEntry(.token("a")), RevocationEntry(.session("b")),
            RevocationEntry(.subject("u"), issuedBefore: 2), RevocationEntry(.subject("u"), issuedBefore: 1, end: 5),
        ]
        #expect(
            entries.withoutSuperfluous() == [
                RevocationEntry(.token("b")), RevocationEntry(.token("a"), issuer: "i"), RevocationEntry(.token("a")),
                RevocationEntry(.session("b")), RevocationEntry(.subject("u"), issuedBefore: 2),
            ])
    }

    @Test("a token is revoked until the last of its entries ends, those for other tokens aside")
    func end() {
        let entries = [
            RevocationEntry(.token("t"), end: 300), RevocationEntry(.client("c"), end: 200),
            RevocationEntry(.subject("u"), issuedBefore: 50), RevocationEntry(.session("x")),
        ]
        #expect(Denylist(entries).end(ofRevocationOf: token()) == 300)
        #expect(Denylist(entries + [RevocationEntry(.session("s"))]).end(ofRevocationOf: token()) == .max)
        #expect(Denylist(Array(entries.suffix(2))).end(ofRevocationOf: token()) == .min)
        #expect(Denylist(entries).number != Denylist(entries).number)
    }
}
