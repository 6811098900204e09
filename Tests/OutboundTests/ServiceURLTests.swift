import Testing

@testable import Outbound

@Suite("RFC 9110 section 4.2: URLs of services")
struct ServiceURLTests {
    @Test(
        "a URL is taken apart, and written in canonical form",
        arguments: [
            ("https://idp.example", "idp.example", 443, "/", "https://idp.example/"),
            ("HTTPS://IdP.Example:443/Realms?x=1", "idp.example", 443, "/Realms?x=1", "https://idp.example/Realms?x=1"),
            ("https://idp.example?x", "idp.example", 443, "/?x", "https://idp.example/?x"),
            ("http://idp.example/", "idp.example", 80, "/", "http://idp.example/"),
            ("http://idp.example:443/", "idp.example", 443, "/", "http://idp.example:443/"),
            ("https://127.0.0.1:8443/a", "127.0.0.1", 8443, "/a", "https://127.0.0.1:8443/a"),
            ("https://[2001:DB8:0::1]:9/a", "2001:db8::1", 9, "/a", "https://[2001:db8::1]:9/a"),
            ("https://[::1]", "::1", 443, "/", "https://[::1]/"),
            (
                "https://under_score.a-b.example/%41/~!$&'()*+,;=:@", "under_score.a-b.example", 443,
                "/%41/~!$&'()*+,;=:@", "https://under_score.a-b.example/%41/~!$&'()*+,;=:@"
            ),
        ] as [(String, String, UInt16, String, String)])
    func good(text: String, host: String, port: UInt16, target: String, description: String) throws {
        let url = try ServiceURL(text)
        #expect(url.host == host && url.port == port && url.target == target)
        #expect(url.isSecure == description.hasPrefix("https:"))
        #expect(url.description == description)
        #expect(try ServiceURL(description) == url)
    }

    @Test(
        "what is no URL of a service says why",
        arguments: [
            ("", "begin"), ("idp.example", "begin"), ("https:/idp.example", "begin"), ("https:idp.example", "begin"),
            ("ftp://idp.example/", "begin"), ("unix:/run/x", "begin"), ("//idp.example/", "begin"),
            ("https://", "host"), ("https:///path", "host"), ("https://:443/", "host"), ("https://a..b/", "host"),
            ("https://.a/", "host"), ("https://a./", "host"), ("https://a%41/", "host"), ("https://[::1/", "host"),
            ("https://[]/", "host"), ("https://[1.2.3.4]/", "host"), ("https://[::1%25eth0]/", "host"),
            ("https://::1/", "host"), ("https://127.1/", "host"), ("https://0x7f.0.0.0x1/", "host"),
            ("https://2130706433/", "host"), ("https://127.0.0.01/", "host"), ("https://a.0x7f/", "host"),
            ("https://0.0.0.0/", "nobody"), ("https://[::]:1/", "nobody"), ("https://[::ffff:0.0.0.0]/", "nobody"),
            ("https://\(String(repeating: "a", count: 64))/", "host"), ("https://a,b/", "host"),
            ("https://a:/", "port"), ("https://a:0/", "port"), ("https://a:65536/", "port"), ("https://a:+1/", "port"),
            ("https://a:000443/", "port"), ("https://[::1]443/", "port"), ("https://a:443:443/", "port"),
            ("https://user@a/", "user information"), ("https://user:password@a/", "user information"),
            ("https://a/#", "fragment"), ("https://a#b", "fragment"),
            ("https://a/ b", "percent-encoded"), ("https://a/\"", "percent-encoded"),
            ("https://a\\b/", "percent-encoded"),
            ("https://a/\r\nX: y", "percent-encoded"), ("https://a/\u{0}", "percent-encoded"),
            ("https://ä/", "percent-encoded"), ("https://a/\u{7F}", "percent-encoded"),
            (" https://a/", "percent-encoded"),
            ("https://a/" + String(repeating: "a", count: 2039), "longer"),
        ])
    func bad(text: String, reason: String) {
        let error = #expect(throws: ServiceURLError.self) { try ServiceURL(text) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("the longest URL is taken")
    func longest() throws {
        let text = "https://a/" + String(repeating: "a", count: ServiceURL.maximumLength - 10)
        #expect(try ServiceURL(text).description == text)
    }

    @Test(
        "this machine is known by name and address",
        arguments: [
            ("localhost", true), ("LOCALHOST", true), ("127.0.0.1", true), ("127.255.0.9", true), ("[::1]", true),
            ("[::ffff:127.0.0.1]", true), ("localhost.example", false), ("128.0.0.1", false), ("[::2]", false),
            ("a127.0.0.1.example", false),
        ])
    func loopback(host: String, isLoopback: Bool) throws {
        #expect(try ServiceURL("http://\(host):1/").isLoopback == isLoopback)
    }

    @Test("Host has the port only where it is not the scheme's own (RFC 9110 section 7.2)")
    func authority() throws {
        #expect(try ServiceURL("https://a:443/").authority == "a")
        #expect(try ServiceURL("http://a:80/").authority == "a")
        #expect(try ServiceURL("https://a:80/").authority == "a:80")
        #expect(try ServiceURL("https://[::1]:443/").authority == "[::1]")
        #expect(try ServiceURL("https://[::1]/").hostAndPort == "[::1]:443")
    }

    @Test("another path of the same origin")
    func paths() throws {
        let url = try ServiceURL("https://idp.example:8443/realms/one?x")
        #expect(
            try url.at(path: "/.well-known/openid-configuration").description
                == "https://idp.example:8443/.well-known/openid-configuration")
        for path in ["", "a", ".evil.example/", "@evil.example/", ":9/", "/a b", "/a#b"] {
            #expect(throws: ServiceURLError.self, "\(path)") { try url.at(path: path) }
        }
        #expect(try url.at(path: "//evil.example/").host == "idp.example")
    }

    @Test(
        "where redirects lead (RFC 9110 section 10.2.2)",
        arguments: [
            ("/keys?v=2#top", "https://idp.example:8443/keys?v=2"), ("/", "https://idp.example:8443/"),
            ("https://other.example/keys#a", "https://other.example/keys"),
            ("http://idp.example", "http://idp.example/"),
            ("//other.example/keys", nil), ("keys", nil), ("../keys", nil), ("?v=2", nil), ("", nil), ("#top", nil),
            ("https://user@idp.example/", nil),
        ])
    func redirects(location: String, target: String?) throws {
        let url = try ServiceURL("https://idp.example:8443/realms/one")
        #expect((try? url.following(location))?.description == target)
    }
}
