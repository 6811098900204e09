import Authentication
import JOSE
import TestSupport
import Testing

@Suite("configuration.md: API keys")
struct APIKeyTests {
    private static let secret = Array("gwk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".utf8)
    private let mint: TokenMint
    private let authenticator: Authenticator

    init() throws {
        let key = APIKey(
            name: "ci", hash: Self.digest(of: Self.secret), scopes: ["write"], roles: ["admin"], expiry: TokenMint.now)
        mint = try TokenMint()
        authenticator = Authenticator(
            issuers: [try mint.issuer()], apiKeys: [key], scopes: Fixture.scopes, roles: Fixture.roles)
    }

    private static func digest(of bytes: [UInt8]) -> SHA256Digest { SHA256.hash(bytes.span) }

    private func holder(
        ofKey credential: [UInt8], accepted: NameSet? = nil, now: Int = TokenMint.now - 1
    ) throws -> Principal {
        try authenticator.authenticate(apiKey: credential.span, acceptedIssuers: accepted, now: now)
    }

    private func holder(
        ofToken credential: [UInt8], accepted: NameSet? = nil, now: Int = TokenMint.now - 1
    ) throws -> Principal {
        try authenticator.authenticate(token: credential.span, acceptedIssuers: accepted, now: now)
    }

    @Test("the holder has what the file says, whichever way the key comes")
    func holder() throws {
        for principal in [try holder(ofKey: Self.secret), try holder(ofToken: Self.secret)] {
            #expect(principal.subject == "ci" && principal.client == nil && principal.issuer == "api_keys")
            #expect(principal.issuerIndex == 1 && principal.expiry == TokenMint.now)
            #expect(principal.tokenID == Self.digest(of: Self.secret).hexadecimal(digits: 8))
            #expect(Fixture.scopes.names(in: principal.scopes) == ["write"] && principal.roles.contains(0))
        }
        #expect(authenticator.cachedIdentityCount == 0)
    }

    @Test("a key is good up to the second that it expires in, without clock skew")
    func expiry() {
        #expect(throws: TokenError.apiKey(.expired)) { try holder(ofKey: Self.secret, now: TokenMint.now) }
    }

    @Test("a key of which one character differs is unknown")
    func unknown() {
        for index in 4..<46 {
            var other = Self.secret
            other[index] = other[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: TokenError.apiKey(.unknown)) { try holder(ofKey: other) }
        }
    }

    @Test("what has another form is malformed, wherever it is cut")
    func malformed() throws {
        var others = (0..<Self.secret.count).map { Array(Self.secret.prefix($0)) }
        others.append(Self.secret + [0x41])
        others.append([0x20] + Self.secret)
        others.append(Array("gwk-".utf8) + Self.secret[4...])
        others.append(Self.secret.dropLast() + [0x39])
        others.append(try mint.token())
        for other in others {
            #expect(throws: TokenError.apiKey(.malformed)) { try holder(ofKey: other) }
        }
        #expect(throws: TokenError.apiKey(.malformed)) { try holder(ofToken: Array("gwk_a.b.c".utf8)) }
    }

    @Test("a route that does not want keys does not tell which are known")
    func accepted() throws {
        var keysOnly = NameSet()
        keysOnly.insert(1)
        var tokensOnly = NameSet()
        tokensOnly.insert(0)
        #expect(try holder(ofKey: Self.secret, accepted: keysOnly).subject == "ci")
        for other in [Self.secret, APIKey.makeSecret()] {
            #expect(throws: TokenError.unknownIssuer) { try holder(ofKey: other, accepted: tokensOnly) }
        }
        let token = try mint.token()
        #expect(throws: TokenError.unknownIssuer) { try holder(ofToken: token, accepted: keysOnly) }
    }

    @Test("secrets have their form and are never the same")
    func secrets() {
        let secrets = (0..<300).map { _ in APIKey.makeSecret() }
        #expect(Set(secrets).count == 300)
        for secret in secrets {
            #expect(throws: TokenError.apiKey(.unknown)) { try holder(ofKey: secret) }
        }
    }

    @Test("every fault has the reason of a token's")
    func reasons() {
        #expect(TokenError.apiKey(.malformed).reason.description == "malformed_token")
        #expect(TokenError.apiKey(.unknown).reason.description == "unknown_key")
        #expect(TokenError.apiKey(.expired).reason.description == "expired")
    }
}

@Suite("configuration.md: claims that upstreams are told")
struct ToldClaimTests {
    private func told(_ paths: [[String]], _ claims: String) throws -> [String] {
        let mint = try TokenMint()
        let authenticator = Authenticator(
            issuers: [try mint.issuer()], toldClaims: ToldClaims(paths), scopes: Fixture.scopes, roles: Fixture.roles)
        let token = try mint.token(TokenMint.claims(claims))
        let principal = try authenticator.authenticate(token: token.span, now: TokenMint.now)
        let again = try authenticator.authenticate(token: token.span, now: TokenMint.now)
        #expect(again.claims.map(\.bytes) == principal.claims.map(\.bytes))
        return principal.claims.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test(
        "words are visible ASCII, and a space separates them",
        arguments: [
            (#""a""#, "a"), (#""""#, ""), ("17", "17"), ("-1.5e3", "-1.5e3"), ("true", "true"), ("null", ""),
            ("{}", ""),
            (#"["a","b c",""]"#, "a b%20c"), (#"["a",1]"#, ""), ("[[]]", ""), (#""a\r\nX: b""#, "a%0D%0AX:%20b"),
            (#""\u0000\u007f%~!""#, "%00%7F%25~!"), (#""\u00e9""#, "%C3%A9"), (#"[" "]"#, "%20"),
        ])
    func words(value: String, expected: String) throws {
        #expect(try told([["x"]], "\"x\":\(value)") == [expected])
    }

    @Test("each path is kept once, byte for byte, and what is not there is empty")
    func paths() throws {
        let paths = [["a", "b"], ["c"], ["a", "b"], ["e\u{301}"], ["\u{e9}"]]
        let claims = ToldClaims(paths)
        #expect(claims.position(of: ["a", "b"]) == 0 && claims.position(of: ["c"]) == 1)
        #expect(claims.position(of: ["e\u{301}"]) == 2 && claims.position(of: ["\u{e9}"]) == 3)
        #expect(claims.position(of: ["a"]) == nil)
        #expect(try told(paths, "\"a\":{\"b\":1},\"\u{e9}\":2") == ["1", "", "", "2"])
    }
}
