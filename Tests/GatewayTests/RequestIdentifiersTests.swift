import Testing

@testable import Gateway

@Suite("issue 2: X-Request-Id is a ULID")
struct RequestIdentifiersTests {
    private func identifier(_ identifiers: inout RequestIdentifiers, at microseconds: Int64) -> String {
        var bytes = Array("what was there before".utf8)
        identifiers.next(at: microseconds, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("the time is in the first ten characters", arguments: [
        (0, "0000000000"), (1_000, "0000000001"), (32_000, "0000000010"), (1_469_918_176_385_000, "01ARYZ6S41"),
        (281_474_976_710_655_000, "7ZZZZZZZZZ"),
    ])
    func time(microseconds: Int64, characters: String) {
        var identifiers = RequestIdentifiers()
        #expect(identifier(&identifiers, at: microseconds).hasPrefix(characters))
    }

    @Test("26 characters of the alphabet, and never the same twice")
    func unique() {
        var identifiers = RequestIdentifiers()
        var seen = Set<String>()
        for _ in 0..<1000 {
            let text = identifier(&identifiers, at: 1)
            #expect(text.count == 26)
            #expect(text.allSatisfy { "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains($0) })
            seen.insert(text)
        }
        #expect(seen.count == 1000)
    }

    @Test("later identifiers sort behind earlier ones")
    func order() {
        var identifiers = RequestIdentifiers()
        let texts = (0..<100).map { identifier(&identifiers, at: Int64($0) * 1_000_000) }
        #expect(texts == texts.sorted())
    }
}
