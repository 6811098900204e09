import JOSE
import Outbound
import Testing

@testable import IdentityProviders

@Suite("security.md rule 17: the last good keys survive a restart")
struct KeyRecordTests {
    private static let fetched = 1_800_000_000
    private let settings: RemoteKeysSettings
    private let record: KeyRecord

    init() throws {
        settings = try .sample()
        record = KeyRecord(url: "https://issuer.test/keys", fetched: Self.fetched, text: try SampleKeys.set())
    }

    private func fault(_ text: some Sequence<UInt8>, now: Int = fetched) -> String? {
        do throws(KeyRecordFault) {
            _ = try KeyRecord.read(Array(text), for: settings, now: now)
            return nil
        } catch {
            return error.detail
        }
    }

    @Test("What is written is read again, until the keys are too old")
    func roundTrip() throws {
        let text = record.document(for: settings)
        let read = try #require(try KeyRecord.read(text, for: settings, now: Self.fetched + 86_399))
        #expect(read.record.text == record.text)
        #expect(read.record.url == record.url)
        #expect(read.record.fetched == record.fetched)
        #expect(read.keys.count == 1)
        #expect(try KeyRecord.read(text, for: settings, now: Self.fetched + 86_400) == nil)
    }

    @Test("A record from the future is not believed")
    func future() {
        #expect(fault(record.document(for: settings), now: Self.fetched - 1) == "it is from the future")
    }

    @Test("A record of another issuer or source is not believed")
    func others() throws {
        for other in [
            try RemoteKeysSettings.sample(issuer: "https://other.test"),
            try RemoteKeysSettings.sample(source: .url(ServiceURL("https://issuer.test/keys"))),
        ] {
            #expect(fault(record.document(for: other)) == "it is that of another issuer")
        }
    }

    @Test("No record that ends too early is believed")
    func prefixes() {
        let text = record.document(for: settings)
        for end in 0..<text.count - 1 { #expect(fault(text[..<end])?.hasPrefix("not JSON") == true) }
    }

    @Test(
        "What is no record is not believed",
        arguments: ["{}", "[]", "{\"version\":2}", "null"])
    func noRecord(_ text: String) {
        #expect(fault(text.utf8) == "it is no record of keys")
    }

    @Test("A record without good public keys is not believed")
    func badKeys() {
        let secret = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"
        for (text, expected) in [(secret, "secret"), ("{\"keys\":[]}", "no key"), ("{", "not JSON")] {
            let bad = KeyRecord(url: record.url, fetched: record.fetched, text: text)
            #expect(fault(bad.document(for: settings))?.contains(expected) == true)
        }
    }

    @Test("Each issuer and source has a file of its own, whose name is nothing that anybody wrote")
    func paths() throws {
        let all = [
            settings, try .sample(name: "../../etc/passwd"), try .sample(issuer: "https://issuer.test/"),
            try .sample(source: .url(ServiceURL("https://issuer.test"))),
        ]
        let paths = all.map { KeyRecord.path(of: $0, in: "/state") }
        #expect(Set(paths).count == all.count)
        for path in paths { #expect(path.wholeMatch(of: /\/state\/keys\/[0-9a-f]{64}\.json/) != nil) }
    }
}
