import StrictJSON
import Testing

@testable import Configuration

@Suite("security.md, rule 18: no message shows a secret")
struct HiddenSecretTests {
    /// A file without errors but for those that `keys` and `more` bring in.
    private func file(keys: String = #"{ "jwks_file": "keys.json" }"#, more: String = "") -> String {
        """
        { "version": 1, "listeners": [ { "address": "127.0.0.1:8080" } ],
          "issuers": { "main": { "issuer": "https://idp/", "audience": ["a"], "algorithms": ["EdDSA"],
            "keys": \(keys) } }, "routes": [ { "id": "p", "path": "/p", "public": true, "upstream": "u" } ] \(more) }
        """
    }

    private func report(_ text: String) -> String {
        let found = errors(text)
        return (found?.errors ?? []).map { "\($0.description) \($0.pointer) \($0.sourceLine)" }.joined(separator: "\n")
    }

    @Test(
        "a value in the place of what holds keys is hidden wholly",
        arguments: [
            #""47x11""#, #"["47x11"]"#, #"{ "jwks": "{\"keys\":[{\"k\":\"47x11\"}]}" }"#, #"{ "jwks": ["47x11"] }"#,
            #"{ "jwks": { "keys": "47x11" } }"#, #"{ "jwks": { "keys": [{ "kty": "oct", "K": "47x11" }] } }"#,
            #"{ "jwks": { "keys": ["47x11", { "kty": { "a": "47x11" } }] } }"#,
            #"{ "secret": { "file": { "a": "47x11" } } }"#, #"{ "secret": { "env": "47x11 -" } }"#,
            #"{ "secret": { "file": "47x11\n" } }"#, #"{ "secret": { "file": "-----BEGIN PRIVATE KEY-----47x11" } }"#,
            #"{ "pem_file": "-----BEGIN PRIVATE KEY-----\n47x11" }"#, #"{ "jwks_file": "{\"keys\": \"47x11\"}" }"#,
            #"{ "SECRET": "47x11" }"#, #"{ "secret": "${47x11!}" }"#,
            #"{ "introspection": { "clientsecret": "47x11", "Client_Secret": "47x11", "passwrd": ["47x11"] } }"#,
            #"{ "introspection": { "client_secret": ["47x11"], "private_key": { "file": "-----BEGIN PRIVATE KEY-----47x11" } } }"#,
            #"{ "introspection": { "endpoint": "https://a:47x11@b", "private_key": "-----BEGIN PRIVATE KEY-----\n47x11" } }"#,
            #"{ "introspection": "47x11" }"#, #"{ "jwks_uri": "https://user:47x11@a" }"#,
        ])
    func keys(written: String) {
        let report = report(file(keys: written))
        #expect(!report.isEmpty)
        #expect(!report.contains("47x11"))
    }

    @Test(
        "private keys of certificates are hidden, wherever they are written",
        arguments: [
            #"{ "certificate": "-----BEGIN PRIVATE KEY-----\n47x11", "key": "-----BEGIN PRIVATE KEY-----\n47x11" }"#,
            #"{ "certificate": "no.pem", "key": { "file": "-----BEGIN PRIVATE KEY-----\n47x11" } }"#,
            #"{ "certificate": "no.pem", "key": ["47x11"] }"#, #"{ "certificate": "no.pem", "private_key": "47x11" }"#,
            #"{ "certificate": "no.pem", "keys": "47x11" }"#, #""47x11""#,
        ])
    func certificateKeys(written: String) {
        let listener = #"{ "address": "127.0.0.1:8443", "tls": { "certificates": [\#(written)] } }"#
        let upstream = #", "upstreams": { "u": { "servers": ["https://a"], "tls": \#(written) } }"#
        let report = report(
            file(more: upstream).replacing(#"{ "address": "127.0.0.1:8080" }"#, with: listener))
        #expect(report.contains("/listeners/0/tls/certificates/0"))
        #expect(report.contains("/upstreams/u/tls"))
        #expect(!report.contains("47x11"))
    }

    @Test(
        "user names and passwords in URLs are hidden",
        arguments: [
            "http://u:47x11@h", "http://u:47x11@h/p", "https://u:47x11@h", "u:47x11@h", "ftp://u:47x11@h",
            #"http:\/\/u:47x11@h"#, "http://u:47x11/?#@h", "http://u:p@47x11@h",
        ])
    func users(url: String) {
        let listener = #"{ "address": "\#(url)", "external_url": "\#(url)", "trusted_proxies": ["\#(url)"] }"#
        let report = report(
            file(more: #", "upstreams": { "u": { "servers": ["\#(url)", "\#(url)"] } }"#)
                .replacing(#"{ "address": "127.0.0.1:8080" }"#, with: listener))
        #expect(report.contains("no user name or password"))
        #expect(!report.contains("47x11"))
    }

    @Test("a URL with a password that a message quotes elsewhere is quoted without it")
    func quotedURL() {
        let report = report(file().replacing(#""upstream": "u""#, with: #""upstream": "http://u:47x11@h""#))
        #expect(report.contains("\"http://***@h\""))
        #expect(!report.contains("47x11"))
    }

    @Test(
        "a text that is not JSON shows nothing but its structure and the names of known keys",
        arguments: [
            #"{ "secret": "47x11",, }"#, "{ 'secret': '47x11' }", "{ secret: 47x11, }", #"{ secret:"47x11" }"#,
            #"{ "s\u0065cret": "47x11",, }"#, #"{ "SECRET": "47x11",, }"#, #"{ "secret": "47x11"#,
            #"{ "secret" "47x11" }"#, #"{ "secret: "47x11" }"#, #"{ "secret": 47x11 47x11"#, #"{ "a": "47x11\"#,
            "{ \"secret\":\n\n\"47x11\" \"x\":1 }", "{ \"secret\": \"a\n47x11\n\" }", "{ \"secret\": \"47x11\u{1}\" }",
            "{ # 47x11", "{ // it's 47x11", " 47x11", "47x11", "\u{feff}{ \"secret\": \"47x11\" }",
        ])
    func notJSON(text: String) {
        let report = report(text)
        #expect(report.contains("not JSON"))
        #expect(!report.contains("47x11"))
        #expect(!report.contains("47"))
    }

    @Test("names of known keys stay readable in a text that is not JSON")
    func readable() {
        #expect(
            errors(#"{ "issuers": { "main": { "algorithms": ["ES256"],, "secret": x } } }"#)?.errors.first?.sourceLine
                == #"{ "issuers": { "****": { "algorithms": ["*****"],, "secret": * } } }"#)
    }

    @Test("of a text that does not begin as a configuration no line is shown")
    func wrongFile() {
        let found = errors("-----BEGIN PRIVATE KEY-----\n")
        #expect(found?.description == "gateway.json:1:1: not JSON: this is not a JSON number\n\n1 error")
    }

    @Test(
        "the value of a repeated key is hidden, and the rest of its line is shown",
        arguments: [#""s\u0065cret""#, #""secret""#, #""SECRET""#])
    func repeated(name: String) {
        let text = file(more: #", "version": { \#(name): "47x11" }, "workers": "many""#)
        let report = report(text)
        #expect(report.contains("already on line 1"))
        #expect(report.contains(#""workers": "many""#))
        #expect(!report.contains("47x11"))
    }

    @Test("what may be a name is named, and anything else is not")
    func names() {
        #expect(SourceName.isVariable("A_b9"))
        #expect(!SourceName.isVariable(String(repeating: "a", count: 65)))
        #expect(!SourceName.isVariable("a-b"))
        #expect(SourceName.isPath("/run/sch\u{fc}tz/a b.pem"))
        #expect(!SourceName.isPath("a\nb"))
        #expect(!SourceName.isPath("a\u{2028}b"))
        #expect(!SourceName.isPath(String(repeating: "a", count: 4097)))
        #expect(report(file(keys: #"{ "secret": { "env": "a-b" } }"#)).contains("this variable is not set"))
        #expect(report(file(keys: #"{ "pem_file": "a\nb" }"#)).contains("cannot read this file: No such file"))
    }

    @Test("a warning's own words are not taken for a variable's value")
    func ownWords() throws {
        let text = #"{ "one": "${V}" }"#
        let problems = ProblemCollector(source: SourceText(bytes: Array(text.utf8), file: "f.json"))
        let substitution = EnvironmentSubstitution(environment: { _ in "my-env-file" }, problems: problems)
        let written = Cursor(node: try JSONReader.read(text.utf8.span), pointer: .root)
        let root = Cursor(node: substitution.substitute(in: written), pointer: .root)
        ConfigurationReview.warnOfInlineSecrets(
            in: root, .object(ObjectShape([Key("one", .secret, ".")])), problems)
        #expect(problems.findings(.warning).first?.message.hasSuffix(#"{"file": "…"} or {"env": "…"}"#) == true)
    }
}
