import TestSupport
import Testing

@testable import JOSE

@Suite("security.md rule 13: what tokens may not be")
struct AttackTests {
    static let mint = Result { try TokenMint() }

    static func fault(_ token: [UInt8], algorithms: [SignatureAlgorithm] = [.es256]) throws -> TokenFault? {
        let verifier = TokenVerifier(keys: try mint.get().keySet(), algorithms: AlgorithmSet(algorithms))
        do {
            _ = try verifier.verify(try SignedToken(compact: token.span))
            return nil
        } catch {
            return error
        }
    }

    static func fault(header: String, claims: String = TokenMint.claims()) throws -> TokenFault? {
        try fault(try mint.get().token(claims, header: header))
    }

    @Test(
        "none is no algorithm, in every spelling",
        arguments: ["none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "RS1", "ES256K", "dir", "A128KW"])
    func noneInEverySpelling(name: String) throws {
        #expect(try Self.fault(header: "{\"alg\":\"\(name)\"}") == .unsupportedAlgorithm)
        let token = try Self.mint.get().token(header: "{\"alg\":\"\(name)\"}")
        let lastDot = try #require(token.lastIndex(of: UInt8(ascii: ".")))
        #expect(try Self.fault(Array(token[...lastDot])) == .unsupportedAlgorithm)
    }

    @Test("An algorithm that the issuer does not use is refused, HMAC under a public key above all")
    func confusion() throws {
        for name in ["HS256", "RS256", "PS256", "ES384", "EdDSA", "Ed25519"] {
            #expect(try Self.fault(header: "{\"alg\":\"\(name)\"}") == .unsupportedAlgorithm)
        }
        let token = try Self.mint.get().token(header: "{\"alg\":\"HS256\"}")
        let all = SignatureAlgorithm.allCases
        #expect(try Self.fault(token, algorithms: all) == .unknownKey)
    }

    @Test(
        "Embedded keys and extensions are refused",
        arguments: [
            (#""jwk":{"kty":"oct","k":"AA"}"#, Malformation.embeddedKey), (#""jku":"https://a.test"#, .header),
            (#""jku":"https://a.test""#, .embeddedKey), (#""x5u":"https://a.test""#, .embeddedKey),
            (#""crit":["exp"],"exp":1"#, .criticalExtension), (#""crit":[]"#, .criticalExtension),
            (#""b64":false"#, .criticalExtension), (#""b64":true,"crit":["b64"]"#, .criticalExtension),
            (#""cty":"JWT""#, .nested), (#""cty":"application/jwt""#, .nested), (#""kid":1"#, .headerParameter),
            (#""typ":["JWT"]"#, .headerParameter), (#""alg":"ES256""#, .header), (#""\u0061lg":"none""#, .header),
        ])
    func header(extra: String, malformation: Malformation) throws {
        #expect(try Self.fault(header: "{\"alg\":\"ES256\",\(extra)}") == .malformed(malformation))
    }

    @Test("A header that is no object with a string alg is malformed", arguments: ["[]", "1", "{}", #"{"alg":1}"#, ""])
    func noHeader(header: String) throws {
        let fault = try Self.fault(header: header)
        #expect(fault == .malformed(.header) || fault == .malformed(.headerParameter))
    }

    @Test("Only three parts in canonical base64url without anything else make a token")
    func serialization() throws {
        let token = try Self.mint.get().token()
        #expect(try Self.fault(token) == nil)
        for extra in [".", "=", "==", " ", "\n", "A", ".AA"] {
            let fault = try Self.fault(token + Array(extra.utf8))
            #expect(fault == .malformed(.parts) || fault == .malformed(.base64URL) || fault == .badSignature)
        }
        for extra in [" ", "=", "\n"] { #expect(try Self.fault(Array(extra.utf8) + token) != nil) }
        for count in 0..<token.count { #expect(try Self.fault(Array(token.prefix(count))) != nil) }
        #expect(try Self.fault(token + [UInt8](repeating: 0x41, count: 8192)) == .malformed(.tooLarge))
    }

    @Test("RFC 4648 §3: any other way to write a part is refused", arguments: 0..<3)
    func otherWriting(part: Int) throws {
        let parts = String(decoding: try Self.mint.get().token(), as: UTF8.self).split(separator: ".").map(String.init)
        let text = parts[part]
        var writings = ["", "=", "==", " ", "\n", "\r\n", "\t", "%3D", "\u{0}", "+", "/"].map { text + $0 }
        writings += [" ", "\n"].map { $0 + text } + [String(text.dropLast()), String(text.dropFirst()), ""]
        writings.append(text.prefix(4) + "\n" + text.dropFirst(4))
        writings += [("A", "+"), ("e", "/"), ("e", "=")].map { text.replacing($0, with: $1, maxReplacements: 1) }
        for writing in writings where writing != text {
            var changed = parts
            changed[part] = writing
            #expect(try Self.fault(Array(changed.joined(separator: ".").utf8)) != nil)
        }
    }

    @Test("Unused bits of base64url must be zero")
    func malleability() throws {
        // 64 bytes leave four unused bits in the last character.
        var token = try Self.mint.get().token()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let last = try #require(alphabet.firstIndex(of: token[token.count - 1]))
        token[token.count - 1] = alphabet[last + 1]
        #expect(try Self.fault(token) == .malformed(.base64URL))
    }

    @Test(
        "The payload is a strict JSON object",
        arguments: ["[]", "\"a\"", "", "{\"a\":1,\"a\":2}", "{} ", "{}x", "{'a':1}"])
    func payload(text: String) throws {
        let fault = try Self.fault(header: "{\"alg\":\"ES256\"}", claims: text)
        #expect(text == "{} " ? fault == nil : fault == .malformed(.payload))
    }

    @Test("Depth is limited")
    func depth() throws {
        let deep = String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
        #expect(try Self.fault(header: "{\"alg\":\"ES256\"}", claims: "{\"a\":\(deep)}") == .malformed(.payload))
    }

    @Test(
        "Rule 14: registered claims of a wrong type are refused",
        arguments: ["iss", "sub", "jti", "aud", "exp", "nbf", "iat"],
        ["null", "true", "{}", "[1]", "-1", "-0", "1e400", "99999999999999999999", "\"1\""])
    func claimTypes(name: String, value: String) throws {
        let isText = ["iss", "sub", "jti", "aud"].contains(name)
        let fault = try Self.fault(header: "{\"alg\":\"ES256\"}", claims: "{\"\(name)\":\(value)}")
        #expect(fault == (isText && value == "\"1\"" ? nil : .malformed(.claimType)))
    }

    @Test("RFC 7518 §3.4: r and s are less than the order of the curve")
    func ecdsaOrder() throws {
        let order = Base64URL.decode(Array("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE".utf8).span)
        let n = try #require(order)
        var above = n
        above[31] += 1
        let one = [UInt8](repeating: 0, count: 31) + [1]
        let token = try Self.mint.get().token()
        let dot = try #require(token.lastIndex(of: 0x2E))
        for signature in [n + one, one + n, n + n, above + one, one + above, above + above] {
            #expect(try Self.fault(Array(token[...dot]) + Base64URL.encode(signature.span)) == .badSignature)
        }
    }

    @Test("RFC 7518 §3.4: r and s are not zero and have the length of the curve")
    func ecdsaRange() throws {
        let token = try Self.mint.get().token()
        let input = Array(token.prefix(upTo: try #require(token.lastIndex(of: UInt8(ascii: "."))))) + [0x2E]
        let zero = [UInt8](repeating: 0, count: 32)
        let one = [UInt8](repeating: 0, count: 31) + [1]
        let all = [UInt8](repeating: 255, count: 32)
        for signature in [zero + zero, zero + one, one + zero, all + all, one, one + one + one, [0] + one + one, []] {
            #expect(try Self.fault(input + Base64URL.encode(signature.span)) == .badSignature)
        }
    }
}
