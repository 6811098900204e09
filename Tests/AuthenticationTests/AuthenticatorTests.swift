import Authentication
import JOSE
import TestSupport
import Testing

/// An authenticator with one issuer, and the mint of its tokens.
struct Fixture {
    let mint: TokenMint
    let authenticator: Authenticator
    static let scopes = Vocabulary(["read", "write"])
    static let roles = Vocabulary(["admin"])

    init(capacity: Int = 100, mint: TokenMint? = nil, _ change: (inout Issuer) -> Void = { _ in }) throws {
        let mint = try mint ?? TokenMint()
        self.mint = mint
        var issuer = try mint.issuer()
        change(&issuer)
        authenticator = Authenticator(
            issuers: [issuer], scopes: Self.scopes, roles: Self.roles, cacheCapacity: capacity)
    }

    func principal(_ claims: String, now: Int = TokenMint.now, accepted: NameSet? = nil) throws -> Principal {
        try principal(token: try mint.token(claims), now: now, accepted: accepted)
    }

    func principal(token: [UInt8], now: Int = TokenMint.now, accepted: NameSet? = nil) throws -> Principal {
        try authenticator.authenticate(token: token.span, acceptedIssuers: accepted, now: now)
    }
}

@Suite("RFC 7519 §4.1 and §7.2: claims that make a token good")
struct AuthenticatorTests {
    @Test("A good token gives its subject, client, scopes and roles")
    func principal() throws {
        let fixture = try Fixture()
        let claims = TokenMint.claims(
            "\"scope\":\"read other\",\"scp\":[\"write\"],\"roles\":\"admin\",\"azp\":\"web\",\"jti\":\"t1\"")
        let principal = try fixture.principal(claims)
        #expect(principal.subject == "alice" && principal.client == "web" && principal.tokenID == "t1")
        #expect(principal.scopeNames == ["read", "other", "write"] && principal.roleNames == ["admin"])
        #expect(Fixture.scopes.names(in: principal.scopes) == ["read", "write"])
        #expect(principal.roles.contains(0) && principal.expiry == TokenMint.now + 300)
    }

    @Test("RFC 6749 §3.3: spaces alone separate scopes, whatever follows them")
    func scopes() throws {
        let fixture = try Fixture()
        let wanted = [
            "": [], " ": [], "read": ["read"], " read  write ": ["read", "write"], "read\\twrite": ["read\twrite"],
            "read \u{301}write": ["read", "\u{301}write"],
        ]
        for (scope, names) in wanted {
            let principal = try fixture.principal(TokenMint.claims("\"scope\":\"\(scope)\""))
            #expect(principal.scopeNames == names)
        }
    }

    @Test("Without jti the token is named by the first eight digits of its SHA-256")
    func tokenID() throws {
        let fixture = try Fixture()
        let token = try fixture.mint.token()
        let digest = SHA256.hash(token.span).hexadecimal(digits: 8)
        #expect(try fixture.principal(token: token).tokenID == digest)
    }

    @Test(
        "RFC 6750 §2.1: what is no b64token is malformed",
        arguments: ["a,b", "=", "a=b", "é", "a\tb", "a.b.c,Bearer a.b.c"])
    func characters(token: String) throws {
        let fixture = try Fixture()
        #expect {
            try fixture.principal(token: Array(token.utf8))
        } throws: { error in
            if case .malformed = error as? TokenError { true } else { false }
        }
    }

    @Test("exp is required and holds with the clock skew")
    func expiry() throws {
        let fixture = try Fixture()
        let claims = TokenMint.claims(expiry: TokenMint.now)
        #expect(try fixture.principal(claims, now: TokenMint.now + 29).subject == "alice")
        #expect(throws: TokenError.expired) { try fixture.principal(claims, now: TokenMint.now + 30) }
        let endless = "{\"iss\":\"https://issuer.test\",\"aud\":\"api\"}"
        #expect(throws: TokenError.requiredClaim) { try fixture.principal(endless) }
        #expect(try Fixture { $0.requiresExpiry = false }.principal(endless).subject == nil)
    }

    @Test("nbf and iat must not lie in the future", arguments: ["nbf", "iat"])
    func future(name: String) throws {
        let fixture = try Fixture()
        let claims = TokenMint.claims("\"\(name)\":\(TokenMint.now + 30)")
        #expect(try fixture.principal(claims).subject == "alice")
        #expect(throws: TokenError.notYetValid) { try fixture.principal(claims, now: TokenMint.now - 1) }
    }

    @Test("The issuer is selected by iss, exactly", arguments: ["https://issuer.test/", "HTTPS://issuer.test", ""])
    func issuer(name: String) throws {
        let fixture = try Fixture()
        #expect(throws: TokenError.unknownIssuer) { try fixture.principal("{\"iss\":\"\(name)\",\"exp\":2000000000}") }
        #expect(throws: TokenError.unknownIssuer) { try fixture.principal("{\"exp\":2000000000}") }
    }

    @Test("Any of the audiences must be in aud", arguments: ["\"other\"", "[]", "[\"other\",\"API\"]"])
    func audience(value: String) throws {
        let claims = "{\"iss\":\"https://issuer.test\",\"exp\":2000000000,\"aud\":\(value)}"
        #expect(throws: TokenError.wrongAudience) { try Fixture().principal(claims) }
        let good = "{\"iss\":\"https://issuer.test\",\"exp\":2000000000,\"aud\":[\"other\",\"api\"]}"
        #expect(try Fixture().principal(good).issuer == "https://issuer.test")
    }

    @Test("Required claims must be there and not null")
    func requiredClaims() throws {
        let fixture = try Fixture { $0.requiredClaims = ["tenant"] }
        #expect(throws: TokenError.requiredClaim) { try fixture.principal(TokenMint.claims()) }
        #expect(throws: TokenError.requiredClaim) { try fixture.principal(TokenMint.claims("\"tenant\":null")) }
        #expect(try fixture.principal(TokenMint.claims("\"tenant\":1")).subject == "alice")
    }

    @Test("The lifetime counts from iat, or from now")
    func lifetime() throws {
        let fixture = try Fixture { $0.maximumLifetime = 600 }
        #expect(try fixture.principal(TokenMint.claims("\"iat\":\(TokenMint.now - 300)")).subject == "alice")
        #expect(throws: TokenError.lifetimeExceeded) {
            try fixture.principal(TokenMint.claims("\"iat\":\(TokenMint.now - 301)"))
        }
        #expect(throws: TokenError.lifetimeExceeded) {
            try fixture.principal(TokenMint.claims(expiry: TokenMint.now + 631))
        }
    }

    @Test("RFC 8725 §3.11: only access tokens are credentials")
    func type() throws {
        let fixture = try Fixture()
        let key = fixture.mint.key.keyID
        for (type, isGood) in [("JWT", true), ("at+jwt", true), ("application/at+JWT", true), ("dpop+jwt", false)] {
            let header = "{\"alg\":\"ES256\",\"kid\":\"\(key)\",\"typ\":\"\(type)\"}"
            let token = try fixture.mint.token(TokenMint.claims(), header: header)
            if isGood {
                #expect(try fixture.principal(token: token).subject == "alice")
            } else {
                #expect(throws: TokenError.wrongType) { try fixture.principal(token: token) }
            }
        }
        let strict = try Fixture { $0.tokenType = "at+jwt" }
        #expect(throws: TokenError.wrongType) { try strict.principal(TokenMint.claims()) }
    }

    @Test(
        "Scopes, roles, subject and client of another shape refuse the token",
        arguments: ["scope", "scp", "roles", "client_id"], ["1", "null", "{}", "[1]", "[[\"read\"]]", "true"])
    func shapes(name: String, value: String) throws {
        #expect(throws: TokenError.malformed(.claimType)) {
            try Fixture().principal(TokenMint.claims("\"\(name)\":\(value)"))
        }
    }
}

@Suite("security.md rule 15: the cache holds identities, never decisions")
struct IdentityCacheTests {
    @Test("A token that expires while it is remembered is refused")
    func expiry() throws {
        let fixture = try Fixture()
        let token = try fixture.mint.token()
        #expect(try fixture.principal(token: token) === fixture.principal(token: token))
        #expect(throws: TokenError.expired) { try fixture.principal(token: token, now: TokenMint.now + 330) }
        #expect(fixture.authenticator.cachedIdentityCount == 0)
    }

    @Test("Whether the issuer is good on the route is looked at every time")
    func acceptedIssuers() throws {
        let fixture = try Fixture()
        let token = try fixture.mint.token()
        var first = NameSet()
        first.insert(0)
        #expect(try fixture.principal(token: token, accepted: first).subject == "alice")
        #expect(throws: TokenError.unknownIssuer) { try fixture.principal(token: token, accepted: NameSet()) }
        #expect(try fixture.principal(token: token).subject == "alice")
    }

    @Test("Under changed settings, or without its key, a remembered token is decided afresh")
    func reload() throws {
        let fixture = try Fixture()
        let token = try fixture.mint.token()
        let principal = try fixture.principal(token: token)
        func again(
            _ change: (inout Issuer) throws -> Void, scopes: Vocabulary = Fixture.scopes, capacity: Int = 100
        ) throws -> Principal {
            var issuer = try fixture.mint.issuer()
            try change(&issuer)
            let successor = Authenticator(
                issuers: [issuer], scopes: scopes, roles: Fixture.roles, cacheCapacity: capacity)
            successor.adoptCache(of: fixture.authenticator)
            return try successor.authenticate(token: token.span, now: TokenMint.now)
        }
        #expect(try again { _ in } === principal)
        #expect(try again({ _ in }, capacity: 101) !== principal)
        #expect(throws: TokenError.unknownKey) { try again { $0.keys = try TokenMint().keySet() } }
        #expect(throws: TokenError.requiredClaim) { try again { $0.requiredClaims = ["tenant"] } }
        #expect(throws: TokenError.lifetimeExceeded) { try again { $0.maximumLifetime = 1 } }
        let other = try again({ _ in }, scopes: Vocabulary(["write", "read"]))
        #expect(other !== principal)
    }

    @Test("The same bytes at other issuers are decided afresh: in another place, of another name, or with another key")
    func otherIssuers() throws {
        let mint = try TokenMint()
        let first = Authenticator(issuers: [try mint.issuer()], scopes: Fixture.scopes, roles: Fixture.roles)
        let token = try mint.token()
        let principal = try first.authenticate(token: token.span, now: TokenMint.now)
        let stranger = Issuer(
            name: "other", issuer: "https://other.test", audience: ["api"], algorithms: AlgorithmSet([.es256]),
            keys: try mint.keySet())
        func decide(_ issuers: [Issuer]) throws -> Principal {
            let second = Authenticator(issuers: issuers, scopes: Fixture.scopes, roles: Fixture.roles)
            second.adoptCache(of: first)
            return try second.authenticate(token: token.span, now: TokenMint.now)
        }
        #expect(try decide([try mint.issuer(), stranger]) === principal)
        let moved = try decide([stranger, try mint.issuer()])
        #expect(moved !== principal && moved.issuerIndex == 1)
        #expect(try decide([try mint.issuer(name: "renamed")]) !== principal)
        #expect(throws: TokenError.unknownIssuer) { try decide([stranger]) }
        #expect(throws: TokenError.unknownKey) { try decide([try TokenMint().issuer()]) }
        #expect(try first.authenticate(token: token.span, now: TokenMint.now).issuerIndex == 0)
    }

    @Test("What is remembered is looked at under the settings of today: audience, algorithms, type and clock")
    func settings() throws {
        let fixture = try Fixture()
        let token = try fixture.mint.token()
        _ = try fixture.principal(token: token)
        func again(_ change: (inout Issuer) -> Void) throws -> Principal {
            let successor = try Fixture(mint: fixture.mint, change)
            successor.authenticator.adoptCache(of: fixture.authenticator)
            return try successor.principal(token: token, now: TokenMint.now + 329)
        }
        #expect(try again { _ in }.subject == "alice")
        #expect(throws: TokenError.expired) { try again { $0.clockSkew = 29 } }
        #expect(throws: TokenError.wrongType) { try again { $0.tokenType = "at+jwt" } }
        #expect(throws: TokenError.malformed(.claimType)) { try again { $0.claims.scopes = [["exp"]] } }
    }

    @Test("Refused tokens are not remembered, and the number of identities is bounded")
    func bound() throws {
        let fixture = try Fixture(capacity: 8)
        #expect(throws: TokenError.self) { try fixture.principal(TokenMint.claims(expiry: 1)) }
        #expect(fixture.authenticator.cachedIdentityCount == 0)
        for number in 0..<200 {
            let subject = try fixture.principal(TokenMint.claims("\"jti\":\"\(number)\"")).tokenID
            #expect(subject == "\(number)")
            #expect(fixture.authenticator.cachedIdentityCount <= 8)
        }
    }

    @Test("Every token finds its own identity while others come and go")
    func churn() throws {
        let fixture = try Fixture(capacity: 40)
        let tokens = try (0..<100).map { try fixture.mint.token(TokenMint.claims("\"jti\":\"\($0)\"")) }
        for round in 0..<400 {
            let number = round * 37 % 100
            #expect(try fixture.principal(token: tokens[number]).tokenID == "\(number)")
        }
    }
}
