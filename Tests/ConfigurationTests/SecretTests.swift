import StrictJSON
import Testing

@testable import Configuration

@Suite("configuration.md: secrets")
struct SecretTests {
    private let shape = Shape.object(ObjectShape([Key("password", .secret, "A secret.")]))

    /// The secret in a file whose key `password` is one, and what is said about the file.
    private func read(_ text: String) throws -> (Secret?, [ConfigurationFinding]) {
        let problems = ProblemCollector(source: SourceText(bytes: Array(text.utf8), file: "f.json"))
        let substitution = EnvironmentSubstitution(environment: Surroundings.fixed.environment, problems: problems)
        let written = Cursor(node: try JSONReader.read(text.utf8.span), pointer: .root)
        let root = Cursor(node: substitution.substitute(in: written), pointer: .root)
        ShapeChecker(problems: problems).check(root, shape)
        problems.hide(SecretPlaces(in: root, shape).ranges)
        let decoder = SecretDecoder(
            files: NamedFiles(problems: problems, surroundings: .fixed, paths: PathBase(file: "f.json")))
        return (decoder.decode(root["password"]), problems.findings(.error))
    }

    @Test("a secret comes from the file, from the environment, or as it is written")
    func sources() throws {
        #expect(try read(#"{ "password": "a" }"#).0 == Secret(bytes: Array("a".utf8)))
        #expect(try read(#"{ "password": { "env": "PORT" } }"#).0 == Secret(bytes: Array("9000".utf8)))
        #expect(
            try read(#"{ "password": { "file": "keys.json" } }"#).0
                == Secret(bytes: Array(Surroundings.keySet.utf8)))
    }

    @Test(
        "a secret that cannot be had is an error that names its source",
        arguments: [
            (#"{ "env": "NOPE" }"#, "the environment variable \"NOPE\" is not set"),
            (#"{ "env": "EMPTY" }"#, "the environment variable \"EMPTY\" is empty"),
            (#"{ "file": "nope" }"#, "cannot read \"nope\": No such file or directory"),
            (#"{}"#, "one of \"file\", \"env\" is missing"), (#""""#, "a secret must not be empty"),
        ])
    func missing(source: String, message: String) throws {
        let (secret, findings) = try read(#"{ "password": \#(source) }"#)
        #expect(secret == nil)
        #expect(findings.map(\.message) == [message])
    }

    @Test(
        "a secret of any type and under any key that was meant is not shown",
        arguments: [
            #"{ "password": 47110815 }"#, #"{ "password": ["47110815"] }"#, #"{ "pasword": "47110815" }"#,
            #"{ "password": { "flie": "47110815" } }"#, #"{ "password": { "env": "A", "x": ["47110815"] } }"#,
            #"{ "other": { "password": "47110815" } }"#, #"{ "client_secret": "47110815" }"#,
        ])
    func hidden(text: String) throws {
        let findings = try read(text).1
        #expect(!findings.isEmpty)
        #expect(!findings.terminalText.contains("47110815"))
        #expect(findings.terminalText.contains("********"))
    }

    @Test("no text that is cut off anywhere shows a secret")
    func cutOff() {
        let text = Array(#"{ "version": 1, "issuers": { "a": { "keys": { "secret" : "s3cret\"s3cret" } } } }"#.utf8)
        for length in 0..<text.count {
            let found = errors(String(decoding: text[..<length], as: UTF8.self))
            #expect(found?.description.contains("s3") == false)
        }
    }

    @Test(
        "values of the environment are not shown, whole or in part",
        arguments: ["/", "x:y", "a\"b:c\"d", "[zz]:1", ":"])
    func environment(value: String) {
        let surroundings = Surroundings(
            environment: { _ in "Zq\(value)Zq" }, contentsOfFile: Surroundings.fixed.contentsOfFile)
        let keys = [
            ("listeners", #"[{ "address": "${V}", "external_url": "https://${V}", "trusted_proxies": ["${V}"] }]"#),
            ("grant", #""${V}""#), ("limits", #"{ "timeout": "${V}", "max_body": "${V}" }"#),
            ("access_log", #"{ "output": "${V}", "sub": "${V}" }"#), ("admin", #"{ "address": "${V}:1" }"#),
            (
                "routes",
                #"""
                [{ "id": "${V}", "path": "/${V}/{", "methods": ["${V}", "${V}"], "host": "${V}", "scopes": ["${V}"], "roles": ["${V}"],
                   "issuers": ["${V}"], "upstream": "${V}", "rewrite": { "strip_prefix": "${V}" }, "upstream_host": "${V}" },
                 { "id": "${V}", "path": "*", "trailing_slash": "${V}", "upstream": { "servers": ["http://${V}:1", "${V}"] } }]
                """#
            ),
        ]
        let text = "{ \(keys.map { "\"\($0)\": \($1)" }.joined(separator: ", ")) }"
        let error = #expect(throws: ConfigurationErrors.self) {
            _ = try GatewayConfiguration.read(Array(text.utf8), file: "g.json", surroundings: surroundings)
        }
        #expect(error?.errors.count ?? 0 > 12)
        #expect(error?.description.lowercased().contains("zq") == false)
    }
}
