import Authentication
import JOSE
import TestSupport
import Testing

@Suite("security.md rule 14: claims of every shape")
struct ClaimShapeTests {
    /// A value of a claim, and what it is.
    struct Value {
        enum Kind: Equatable {
            case text(String)
            /// A number that stands for a time, if it is one, in seconds.
            case time(Double?)
            case list([Kind])
            case other
        }
        let json: String
        let kind: Kind
    }

    static let scalars: [Value] = {
        let others = ["null", "true", "false"].map { Value(json: $0, kind: .other) }
        let times = [
            "0", "1", "1.5", "1e3", "1E9", "1799999999", "1800000000.5", "1.8e9", "1900000000", "9007199254740992",
        ]
        let numbers = [
            "-0", "-1", "-1.5", "-1e400", "1e400", "9007199254740993", "9223372036854775807", "9223372036854775808",
            "18446744073709551616", "1e308", "123456789012345678901234567890", "-0.0", "1e19",
        ]
        let texts = [
            "", " ", "api", "API", "api ", "a b", "a\tb", "0", "1900000000", "null", "true", "[]", "{}",
            "https://issuer.test",
            "https://issuer.test/", "none", "admin", "*", "a\u{0}b", "\u{301}", "\u{202E}", "\u{1F512}", "\u{FFFD}",
            String(repeating: "x", count: 1000),
        ]
        return others + times.map { Value(json: $0, kind: .time(Double($0))) }
            + numbers.map { Value(json: $0, kind: .time(nil)) }
            + texts.map { Value(json: json($0), kind: .text($0)) }
    }()

    /// Every scalar by itself, in a list, in a list behind a good one, and in an object.
    static let values =
        scalars + scalars.map { Value(json: "[\($0.json)]", kind: .list([$0.kind])) }
        + scalars.map { Value(json: "[\"api\",\($0.json)]", kind: .list([.text("api"), $0.kind])) }
        + scalars.map { Value(json: "{\"a\":\($0.json)}", kind: .other) }
        + [
            Value(json: "[]", kind: .list([])), Value(json: "{}", kind: .other),
            Value(json: "[[]]", kind: .list([.list([])])), Value(json: "[{}]", kind: .list([.other])),
        ]

    static func json(_ text: String) -> String {
        "\"\(text.replacing("\u{0}", with: "\\u0000").replacing("\t", with: "\\t"))\""
    }

    /// What the gateway must say about a token with this value of a claim; nil for a good token.
    static func expected(_ name: String, _ kind: Value.Kind) -> TokenError? {
        let malformed = TokenError.malformed(.claimType)
        switch (name, kind) {
        case ("iss", .text(let text)): return text == "https://issuer.test" ? nil : .unknownIssuer
        case ("sub", .text), ("jti", .text), ("client_id", .text), ("azp", .text): return nil
        case ("scope", .text), ("scp", .text), ("roles", .text): return nil
        case ("scope", .list(let elements)), ("scp", .list(let elements)), ("roles", .list(let elements)):
            return elements.allSatisfy(\.isText) ? nil : malformed
        case ("aud", .text(let text)): return text == "api" ? nil : .wrongAudience
        case ("aud", .list(let elements)):
            return elements.allSatisfy(\.isText) ? (elements.contains(.text("api")) ? nil : .wrongAudience) : malformed
        case ("exp", .time(let seconds?)): return seconds.rounded(.down) + 30 > Double(TokenMint.now) ? nil : .expired
        case ("nbf", .time(let seconds?)), ("iat", .time(let seconds?)):
            return seconds.rounded(.up) <= Double(TokenMint.now) + 30 ? nil : .notYetValid
        default: return malformed
        }
    }

    @Test(
        "A claim is good, refused for the right reason, and never a crash",
        arguments: ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "roles", "client_id", "azp"])
    func shapes(name: String) throws {
        let fixture = try Fixture()
        #expect(Self.values.count > 188)
        for value in Self.values {
            var claims = ["iss": "\"https://issuer.test\"", "aud": "\"api\"", "exp": "\(TokenMint.now + 300)"]
            claims[name] = value.json
            let text = claims.map { "\"\($0)\":\($1)" }.joined(separator: ",")
            do {
                let principal = try fixture.principal("{\(text)}")
                #expect(Self.expected(name, value.kind) == nil, "\(name): \(value.json)")
                #expect(principal.scopes.isEmpty && (principal.roles.isEmpty || value.json.contains("admin")))
            } catch let error as TokenError {
                #expect(Self.expected(name, value.kind) == error, "\(name): \(value.json)")
            }
        }
    }
}

extension ClaimShapeTests.Value.Kind {
    fileprivate var isText: Bool { if case .text = self { true } else { false } }
}
