import Authorization
import Bytes
import JOSE
import Passwords
import StrictJSON
import Testing

@testable import TokenEndpoint

@Suite("RFC 6749 §4.3 and §4.4: the grants")
struct TokenIssuerTests {
    static let now = 1_800_000_000
    /// Of the password "right".
    static let phc = "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$pNu5cO0o1biwpkPIhcBqL/rEQnGOXaKWhATmw3BC5qw"
    let key: SigningKey
    let hash: PasswordHash

    init() throws {
        key = try SigningKey(generating: .es256)
        hash = try PasswordHash(phc: Self.phc)
    }

    func issuer(_ grant: Grant = .union, users: Bool = true) -> TokenIssuer {
        let user = Account(
            name: "alice", hash: hash, scopes: ["me", "read", "write"], roles: ["editor", "on \"call\""])
        let clients = [
            Account(name: "batch", hash: hash, scopes: ["read"], roles: []),
            Account(name: "web", hash: hash, scopes: [], roles: []),
        ]
        return TokenIssuer(
            issuer: "https://gateway.test", audience: ["one", "two"], lifetime: 900, key: key,
            users: users ? [user] : [], clients: clients, grant: grant)
    }

    func answer(_ form: String, grant: Grant = .union, users: Bool = true) throws -> IssuedToken {
        try issuer(grant, users: users).answer(TokenRequestTests.request(form), now: Self.now)
    }

    /// What a token says, read by the reader of the gateway.
    func claims(_ token: IssuedToken) throws -> JSONNode {
        let keys = try KeySet(jwks: key.publicKeySet().span)
        let signed = try SignedToken(compact: token.token.span)
        #expect(signed.type == "at+jwt")
        return try TokenVerifier(keys: keys, algorithms: AlgorithmSet([.es256])).verify(signed).node
    }

    static func strings(_ node: JSONNode?) -> [String]? { node?.array?.compactMap(\.string) }

    static let password = "grant_type=password&username=alice&password=right"

    @Test("RFC 9068 §2.2: a user's token says who issued it to whom, for whom, when, and what it is good for")
    func userToken() throws {
        let token = try answer(Self.password)
        let claims = try claims(token)
        #expect(claims["iss"]?.string == "https://gateway.test")
        #expect(claims["sub"]?.string == "alice")
        #expect(Self.strings(claims["aud"]) == ["one", "two"])
        #expect(claims["client_id"] == nil)
        #expect(claims["scope"]?.string == "me read write")
        #expect(Self.strings(claims["roles"]) == ["editor", "on \"call\""])
        #expect(claims["iat"]?.number?.integer == Self.now)
        #expect(claims["exp"]?.number?.integer == Self.now + 900)
        #expect(claims["jti"]?.string == token.tokenID)
        #expect(try answer(Self.password).tokenID != token.tokenID)
    }

    @Test("A client's token is its own; a user's token says through which client it came")
    func clientToken() throws {
        let own = try claims(answer("grant_type=client_credentials&client_id=batch&client_secret=right"))
        #expect(own["sub"]?.string == "batch")
        #expect(own["client_id"]?.string == "batch")
        #expect(own["scope"]?.string == "read")
        #expect(own["roles"] == nil)
        let through = try claims(answer(Self.password + "&client_id=web&client_secret=right"))
        #expect(through["sub"]?.string == "alice")
        #expect(through["client_id"]?.string == "web")
        #expect(through["scope"]?.string == "me read write")
    }

    @Test("§5.1: the answer holds the token, its type, how long it is good, and what was granted")
    func successAnswer() throws {
        let token = try answer(Self.password + "&scope=read")
        let node = try JSONReader.read(token.json.span)
        #expect(node.object?.map(\.name) == ["access_token", "token_type", "expires_in", "scope"])
        #expect(node["access_token"]?.string == token.token.span.text)
        #expect(node["token_type"]?.string == "bearer")
        #expect(node["expires_in"]?.number?.integer == 900)
        #expect(node["scope"]?.string == "read")
    }

    static let refused: [(String, TokenEndpointError)] = [
        ("grant_type=password&username=alice&password=wrong", .invalidGrant),
        ("grant_type=password&username=Alice&password=right", .invalidGrant),
        ("grant_type=password&username=batch&password=right", .invalidGrant),
        ("grant_type=client_credentials", .invalidClient),
        ("grant_type=client_credentials&client_id=batch", .invalidClient),
        ("grant_type=client_credentials&client_id=batch&client_secret=wrong", .invalidClient),
        ("grant_type=client_credentials&client_id=alice&client_secret=right", .invalidClient),
        (password + "&client_id=web", .invalidClient),
        (password + "&client_id=web&client_secret=wrong", .invalidClient),
        (password + "&client_id=nobody&client_secret=right", .invalidClient),
        ("grant_type=client_credentials&client_id=web&client_secret=right", .unauthorizedClient),
        (password + "&scope=admin", .invalidScope), (password + "&scope=READ", .invalidScope),
    ]

    @Test(
        "§5.2: whoever does not prove who it is, or asks for what it does not have, gets no token", arguments: refused)
    func refuses(form: String, error: TokenEndpointError) {
        #expect(throws: error) { _ = try answer(form) }
    }

    @Test("Without users there is no password grant")
    func noUsers() {
        #expect(throws: TokenEndpointError.unsupportedGrantType) { _ = try answer(Self.password, users: false) }
    }

    @Test("§3.3: who asks for more than it has gets what it has, and is told so")
    func asksForMore() throws {
        let token = try answer(Self.password + "&scope=write+admin+write")
        #expect(token.scopes == ["write"])
        #expect(try answer(Self.password + "&scope=write+admin+me+read").scopes == ["me", "read", "write"])
    }

    @Test(
        "A token that was asked to do less has no roles, which would let it do more", arguments: [Grant.union, .token])
    func narrows(grant: Grant) throws {
        let claims = try claims(answer(Self.password + "&scope=read", grant: grant))
        #expect(claims["scope"]?.string == "read")
        #expect(claims["roles"] == nil)
        let all = try self.claims(answer(Self.password + "&scope=write+read+me", grant: grant))
        #expect(Self.strings(all["roles"])?.count == 2)
    }

    @Test("Where scopes must come from roles, too, a narrowed token keeps them")
    func narrowsIntersection() throws {
        let claims = try claims(answer(Self.password + "&scope=read", grant: .intersection))
        #expect(claims["scope"]?.string == "read")
        #expect(Self.strings(claims["roles"])?.count == 2)
    }

    @Test("Where scopes come from roles alone, no token can do less")
    func cannotNarrowRoles() throws {
        #expect(throws: TokenEndpointError.invalidScope) {
            _ = try answer(Self.password + "&scope=read", grant: .roles)
        }
        #expect(try answer(Self.password + "&scope=me+read+write", grant: .roles).scopes == ["me", "read", "write"])
    }

    @Test("Who can read the key needs no password")
    func mints() throws {
        let token = try #require(try issuer().mint(for: "alice", scopes: ["read"], now: Self.now))
        #expect(try claims(token)["scope"]?.string == "read")
        #expect(try issuer().mint(for: "batch", scopes: nil, now: Self.now)?.client == "batch")
        #expect(try issuer().mint(for: "nobody", scopes: nil, now: Self.now) == nil)
    }

    @Test("§5.2: an error is told in fixed words")
    func errorAnswer() throws {
        let json = try #require(TokenEndpointError.invalidGrant.json)
        let node = try JSONReader.read(json.span)
        #expect(node.object?.map(\.name) == ["error", "error_description"])
        #expect(node["error"]?.string == "invalid_grant")
        #expect(TokenEndpointError.unavailable.json == nil)
    }
}
