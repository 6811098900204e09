import Testing

@testable import Outbound

@Suite("issue 7: through which proxy a URL is asked")
struct ProxySettingsTests {
    private static func settings(_ exceptions: [String] = []) throws -> ProxySettings {
        var settings = ProxySettings()
        settings.secure = try ServiceURL("http://proxy.example:3128")
        settings.cleartext = try ServiceURL("http://other.example:8080")
        settings.exceptions = exceptions
        return settings
    }

    @Test("each scheme has its proxy, and this machine none")
    func schemes() throws {
        let settings = try Self.settings()
        #expect(settings.proxy(for: try ServiceURL("https://idp.example/"))?.host == "proxy.example")
        #expect(settings.proxy(for: try ServiceURL("http://idp.example/"))?.host == "other.example")
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            #expect(settings.proxy(for: try ServiceURL("http://\(host)/")) == nil, "\(host)")
        }
        #expect(ProxySettings().proxy(for: try ServiceURL("https://idp.example/")) == nil)
    }

    @Test(
        "exceptions are understood as in NO_PROXY",
        arguments: [
            ("*", "idp.example", true), ("idp.example", "idp.example", true), ("IDP.example", "idp.example", true),
            ("example", "idp.example", true), (".example", "idp.example", true), ("*.example", "idp.example", true),
            (".idp.example", "idp.example", true), ("dp.example", "idp.example", false),
            ("idp.example", "example", false), ("idp.example.org", "idp.example", false),
            ("idp.example:443", "idp.example", true), ("idp.example:80", "idp.example", false),
            ("idp.example:8443", "idp.example:8443", true), ("idp.example", "idp.example:8443", true),
            ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3:443", "10.1.2.3", true), ("10.1.2.3:80", "10.1.2.3", false),
            ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.1.2.3", false), ("10.0.0.0/8", "idp.example", false),
            ("2001:db8::/32", "[2001:db8::7]", true), ("2001:db8::7", "[2001:DB8:0::7]", true),
            ("[2001:db8::7]", "[2001:db8::7]", true), ("[2001:db8::7]:443", "[2001:db8::7]", true),
            ("[2001:db8::7]:80", "[2001:db8::7]", false), ("2001:db8::8", "[2001:db8::7]", false),
            ("2.3", "10.1.2.3", false), ("", "idp.example", false), (".", "idp.example", false),
            ("idp.example/", "idp.example", false), ("idp.example:", "idp.example", false),
        ])
    func exceptions(exception: String, host: String, isDirect: Bool) throws {
        let proxy = try Self.settings([exception]).proxy(for: try ServiceURL("https://\(host)/"))
        #expect((proxy == nil) == isDirect)
        #expect(try Self.settings(["no.test", exception]).proxy(for: try ServiceURL("https://\(host)/")) == proxy)
    }
}
