import Bytes
import JOSE
import Testing

@testable import Configuration

@Suite("configuration.md: forms of times, hashes, origins and names of fields")
struct FieldFormTests {
    @Test(
        "RFC 3339 §5.6: times are read to the second",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2027-01-31T00:00:00Z", 1_801_353_600), ("2000-02-29T23:59:59z", 951_868_799),
            ("2027-01-31t02:30:00+02:30", 1_801_353_600), ("2027-01-30T20:00:00.999-04:00", 1_801_353_600),
            ("2016-12-31T23:59:60Z", 1_483_228_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("2400-03-01T00:00:00Z", 13_574_649_600), ("2024-03-01T00:00:00Z", 1_709_251_200),
        ])
    func times(text: String, seconds: Int) {
        #expect(TimeText.parse(text) == seconds)
        #expect(StringForm.time.problem(in: text) == nil)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "2027-01-31", "2027-01-31T00:00:00", "2027-01-31 00:00:00Z", "2027-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z", "2027-01-00T00:00:00Z", "2027-01-32T00:00:00Z",
            "2027-04-31T00:00:00Z", "2027-01-31T24:00:00Z", "2027-01-31T00:60:00Z", "2027-01-31T00:00:61Z",
            "2027-01-31T00:00:00.Z", "2027-01-31T00:00:00+1:00", "2027-01-31T00:00:00+24:00",
            "2027-01-31T00:00:00+00:60",
            "2027-01-31T00:00:00ZZ", "2027-01-31T00:00:00 Z", "1969-12-31T23:59:59Z", "27-01-31T00:00:00Z", "\u{e9}",
            "2027-01-31T00:00:0\u{661}Z", "+027-01-31T00:00:00Z",
        ])
    func noTimes(text: String) {
        #expect(TimeText.parse(text) == nil)
        #expect(StringForm.time.problem(in: text) != nil)
    }

    @Test(
        "origins are as browsers write them",
        arguments: [
            "https://a", "https://app.example.com", "http://localhost:3000", "http://a:443", "https://a:80", "null",
            "*",
            "https://[2001:db8::1]:8443", "http://127.0.0.1:1", "chrome-extension://abcdef",
            "https://xn--bcher-kva.test",
        ])
    func origins(text: String) {
        #expect(StringForm.origin.problem(in: text)?.message == nil)
    }

    @Test(
        "what no browser would send is no origin",
        arguments: [
            "a", "https:", "https://", "//a", "https://a/", "https://a/b", "https://A", "HTTPS://a", "https://a:443",
            "http://a:80", "https://[::1]:443", "https://a:", "https://a:0", "https://a:080", "https://a:65536",
            "https://u@a",
            "https://*.a", "https://a..b", "https://.a", "https://a?b", "https://a, https://b", "https://\u{e9}",
            "Null", "**",
            "https://[", "https://[]", "https://[g]", "1http://a", "https://a:x", "https://[::A]", " null",
        ])
    func noOrigins(text: String) {
        #expect(StringForm.origin.problem(in: text) != nil)
    }

    @Test(
        "names that mean something already are not free",
        arguments: [
            ("X-User", true), ("x", true), ("Remote-User", true), ("Host", false), ("content-length", false),
            ("Authorization", false), ("X-Forwarded-User", false), ("X-Forwarded", false), ("X-Real-IP", false),
            ("X-Request-ID", false), ("Connection", false), ("TE", false), ("Via", false), ("Cookie", false),
            ("Set-Cookie", false), ("Access-Control-Allow-Origin", false), ("X-Original-URL", false), ("X_User", false),
            ("X-User:", false), ("X User", false), ("", false), ("X-\u{e9}", false), ("X-User\r\nA", false),
        ])
    func names(text: String, isFree: Bool) {
        #expect((StringForm.ownFieldName.problem(in: text) == nil) == isFree)
    }

    @Test("a hash is written in one way")
    func hashes() {
        let digits = String(repeating: "0123456789abcdef", count: 4)
        #expect(KeyHashText.parse("sha256:" + digits)?.hexadecimal() == digits)
        for text in [
            digits, "sha256:" + digits.dropLast(), "sha256:" + digits + "0", "SHA256:" + digits,
            "sha256:" + digits.uppercased(),
            "sha256: " + digits.dropLast(), "sha256:" + digits.dropLast() + "g", "sha256:", "",
        ] {
            #expect(KeyHashText.parse(text) == nil)
        }
    }
}
