import Bytes
import JOSE
import StrictJSON
import Testing

@testable import IdentityProviders

@Suite("security.md rule 15: the cache of introspection answers")
struct IntrospectionCacheTests {
    private static let text = Array("{\"active\":true,\"sub\":\"alice\"}".utf8)

    private static func key(_ token: Int, issuer: Int = 1) -> IntrospectionCache.Key {
        .init(issuer: issuer, token: SHA256.hash(Array("token \(token)".utf8).span))
    }

    /// A cache with answers about the tokens 0, 1, … which end at the times given.
    private static func cache(
        ends: [Int], maximumCount: Int = 100, maximumSize: Int = 10_000
    ) -> IntrospectionCache {
        var cache = IntrospectionCache(maximumCount: maximumCount, maximumSize: maximumSize)
        for (token, end) in ends.enumerated() { cache.insert(text, for: key(token), end: end, now: 100) }
        return cache
    }

    /// Which of the tokens 0, 1, … have an answer.
    private static func known(_ cache: inout IntrospectionCache, of count: Int, now: Int = 100) -> [Int] {
        (0..<count).filter { cache.answer(key($0), now: now) != nil }
    }

    @Test("An answer comes back as it was, until it ends")
    func keeps() throws {
        var cache = Self.cache(ends: [130])
        for now in [100, 129] {
            guard case .active(let content, let end) = cache.answer(Self.key(0), now: now) else {
                Issue.record("no answer at \(now)")
                return
            }
            #expect(content["sub"]?.string == "alice")
            #expect(end == 130)
        }
        #expect(cache.answer(Self.key(0), now: 130) == nil)
        #expect(cache.count == 0)
        #expect(cache.size == 0)
    }

    @Test("An answer that a token is not good is kept as such")
    func inactive() {
        var cache = IntrospectionCache()
        cache.insert(nil, for: Self.key(0), end: 105, now: 100)
        guard case .inactive = cache.answer(Self.key(0), now: 104) else {
            Issue.record("not inactive")
            return
        }
        #expect(cache.answer(Self.key(0), now: 105) == nil)
    }

    @Test("CVE-2026-33496: an answer is good for the issuer that gave it, and no other")
    func issuers() {
        var cache = Self.cache(ends: [130])
        #expect(cache.answer(Self.key(0, issuer: 2), now: 100) == nil)
        cache.insert(nil, for: Self.key(0, issuer: 2), end: 130, now: 100)
        cache.removeAnswers(of: 1)
        #expect(cache.answer(Self.key(0), now: 100) == nil)
        #expect(cache.answer(Self.key(0, issuer: 2), now: 100) != nil)
        #expect(cache.size == 0)
    }

    @Test("An answer that has ended is not kept, and ends the one before", arguments: [99, 100])
    func ended(_ end: Int) {
        var cache = Self.cache(ends: [130])
        cache.insert(Self.text, for: Self.key(0), end: end, now: 100)
        #expect(cache.count == 0)
    }

    @Test("A later answer takes the place of the one before")
    func replaces() {
        var cache = Self.cache(ends: [130])
        cache.insert(nil, for: Self.key(0), end: 105, now: 101)
        guard case .inactive = cache.answer(Self.key(0), now: 101) else {
            Issue.record("still active")
            return
        }
        #expect(cache.count == 1)
        #expect(cache.size == 0)
        #expect(cache.answer(Self.key(0), now: 105) == nil)
    }

    @Test("When it is full of answers, what ends first goes first")
    func count() {
        var cache = Self.cache(ends: [130, 120, 140, 125], maximumCount: 3)
        #expect(Self.known(&cache, of: 4) == [0, 2, 3])
        cache.insert(Self.text, for: Self.key(4), end: 200, now: 100)
        #expect(Self.known(&cache, of: 5) == [0, 2, 4])
    }

    @Test("When it is full of text, what ends first goes first, as much as it takes")
    func size() {
        var cache = Self.cache(ends: [130, 120, 140], maximumSize: 3 * Self.text.count)
        #expect(cache.size == 3 * Self.text.count)
        let long = Self.text + [UInt8](repeating: UInt8(ascii: " "), count: Self.text.count)
        cache.insert(long, for: Self.key(3), end: 150, now: 100)
        #expect(Self.known(&cache, of: 4) == [2, 3])
        #expect(cache.size == 3 * Self.text.count)
        cache.insert(long + long, for: Self.key(4), end: 150, now: 100)
        #expect(Self.known(&cache, of: 5) == [2, 3])
    }

    @Test("What has ended goes before what has not")
    func endedFirst() {
        var cache = Self.cache(ends: [101, 130], maximumCount: 2)
        cache.insert(Self.text, for: Self.key(2), end: 120, now: 101)
        #expect(Self.known(&cache, of: 3, now: 101) == [1, 2])
    }

    @Test("Tokens that are not good displace no good one that has longer to live than answers about them")
    func flood() {
        var cache = Self.cache(ends: [Int](repeating: 130, count: 10), maximumCount: 10)
        for token in 10..<1000 { cache.insert(nil, for: Self.key(token), end: 105, now: 100) }
        #expect(Self.known(&cache, of: 1000) == Array(0..<10))
    }

    @Test("A clock that is set back lengthens no life")
    func clockSetBack() {
        var cache = Self.cache(ends: [130])
        cache.forgetOldAnswers(now: 110)
        #expect(cache.answer(Self.key(0), now: 109) == nil)
        #expect(cache.answer(Self.key(0), now: 110) == nil)
        cache.insert(Self.text, for: Self.key(0), end: 130, now: 100)
        #expect(cache.count == 1)
        cache.insert(Self.text, for: Self.key(1), end: 130, now: 99)
        #expect(Self.known(&cache, of: 2, now: 99) == [1])
    }
}
