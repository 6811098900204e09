import Bytes
import HTTP
import Testing

@Suite("RFC 9110 section 5: Fields")
struct Section5FieldsTests {
    @Test(
        "Dates are in the preferred form",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ])
    func dates(seconds: Int, text: String) {
        var output: [UInt8] = []
        HTTPDate.append(seconds: seconds, to: &output)
        #expect(output.text == text)
    }

    @Test(
        "Every known name is recognised by its own spelling",
        arguments: [
            ("TE", FieldName.te), ("Via", .via), ("Host", .host), ("DPoP", .dpop), ("Date", .date), ("Expect", .expect),
            ("Trailer", .trailer), ("Upgrade", .upgrade), ("Forwarded", .forwarded), ("Connection", .connection),
            ("Keep-Alive", .keepAlive), ("X-Real-IP", .xRealIP), ("X-Request-ID", .xRequestID),
            ("X-HTTP-Method", .methodOverride), ("X-Rewrite-URL", .urlOverride), ("X-Original-URL", .urlOverride),
            ("X-Forwarded", .xForwardedOther), ("X-Forwarded-Proto", .xForwardedProto),
            ("X-Forwarded-Host", .xForwardedHost),
            ("X-Forwarded-Port", .xForwardedPort), ("X-Forwarded-Prefix", .xForwardedPrefix),
            ("X-Forwarded-Server", .xForwardedServer), ("HTTP2-Settings", .http2Settings),
            ("Content-Length", .contentLength), ("Transfer-Encoding", .transferEncoding),
            ("Proxy-Connection", .proxyConnection),
            ("X-HTTP-Method-Override", .methodOverride), ("X-Method-Override", .methodOverride),
            ("Proxy-Authorization", .proxyAuthorization), ("Proxy-Authenticate", .proxyAuthenticate),
            ("Access-Control-Request-Method", .accessControlRequestMethod),
            ("WWW-Authenticate", .wwwAuthenticate), ("Max-Forwards", .maxForwards),
        ])
    func names(text: String, name: FieldName) {
        #expect(FieldName(Array(text.utf8).span) == name)
        #expect(FieldName(Array(text.uppercased().utf8).span) == name)
        #expect(FieldName(Array((text + "x").utf8).span) != name || name == .xForwardedOther)
    }

    @Test("Counting and finding agree")
    func counting() {
        var fields = Fields()
        for name in ["Cookie", "A", "cookie"] {
            fields.append(name: Array(name.utf8).span, value: Array("v".utf8).span)
        }
        #expect(fields.count(of: .cookie) == 2)
        #expect(fields.firstIndex(of: .cookie) == 0)
        #expect(fields.nextIndex(of: .cookie, from: 1) == 2)
        #expect(fields.firstIndex(of: .host) == nil)
        fields.removeAll()
        #expect(fields.count(of: .cookie) == 0)
    }
}
