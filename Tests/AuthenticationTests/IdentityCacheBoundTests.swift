import JOSE
import TestSupport
import Testing

@testable import Authentication

@Suite("security.md rule 21: the cache of identities is bounded")
struct IdentityCacheBoundTests {
    @Test("A million tokens leave as many identities as it has room for, and a table of a few times that")
    func million() throws {
        let capacity = 1000
        let cache = IdentityCache(capacity: capacity)
        let fixture = try Fixture()
        let principal = try fixture.principal(TokenMint.claims())
        let token = try fixture.mint.token()
        let validity = TokenValidity(
            try TokenVerifier(keys: fixture.mint.keySet(), algorithms: AlgorithmSet([.es256])).verify(
                SignedToken(compact: token.span)))
        let zero = SHA256Digest(0, 0, 0, 0)
        weak var early: CachedIdentity?
        for number in 0..<1_000_000 as Range<UInt64> {
            // The words of a digest look random.
            let identity = CachedIdentity(
                token: SHA256Digest(number &* 0x9E37_79B9_7F4A_7C15, number, 0, 0), settings: zero, signingKey: zero,
                validity: validity, principal: principal)
            if number == 500_000 { early = identity }
            cache.insert(identity)
        }
        #expect(cache.count == capacity && early == nil)
        let tables = Mirror(reflecting: cache).children.compactMap { $0.value as? [Int32] }
        #expect(tables.map(\.count) == [2048])
    }
}
