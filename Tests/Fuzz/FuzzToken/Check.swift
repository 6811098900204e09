import Authentication
import Bytes
import FuzzDriver
import JOSE

@main
struct FuzzToken {
    static func main() { FuzzDriver.run(check) }
}

/// Reads the bytes as a token, of which only what was signed may be good; and as a header and claims that are signed, which
/// may be refused, but for a reason.
private func check(_ bytes: [UInt8]) {
    checkToken(bytes)
    let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
    let header = end.map { Array(bytes[..<$0]) } ?? Array(#"{"alg":"HS256"}"#.utf8)
    checkClaims(header: header, claims: end.map { Array(bytes[($0 + 1)...]) } ?? bytes)
}

private func checkToken(_ bytes: [UInt8]) {
    // SAFETY: libFuzzer calls from one thread.
    let verifier = unsafe verifier
    guard let token = try? SignedToken(compact: bytes.span), (try? verifier.verify(token)) != nil else { return }
    precondition(bytes.starts(with: signed), "what nobody signed is good")
}

private func checkClaims(header: [UInt8], claims: [UInt8]) {
    // SAFETY: libFuzzer calls from one thread.
    let (authenticator, signer) = unsafe (authenticator, signer)
    var token = Base64URL.encode(header.span)
    token.append(".")
    token += Base64URL.encode(claims.span)
    guard let tag = signer?.tag(of: token.span) else { preconditionFailure("no HMAC is made") }
    token.append(".")
    token += Base64URL.encode(tag.span)
    guard let principal = try? authenticator?.authenticate(token: token.span, now: now) else { return }
    precondition(principal.issuer == "joe" && (principal.expiry ?? 0) > now - 30, "an expired token is good")
    let again = try? authenticator?.authenticate(token: token.span, now: now)
    precondition(again === principal, "a remembered identity is another")
}

private let now = 1_800_000_000

/// Header and payload of the token of RFC 7515 appendix A.3, up to its signature.
private let signed = Array(
    ("eyJhbGciOiJFUzI1NiJ9."
        + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.").utf8)

// SAFETY: libFuzzer calls from one thread.
private nonisolated(unsafe) let verifier: TokenVerifier = {
    let jwks = Array(
        (#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
            + #""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#).utf8)
    guard let keys = try? KeySet(jwks: jwks.span) else { preconditionFailure("the key of RFC 7515 is refused") }
    return TokenVerifier(keys: keys, algorithms: AlgorithmSet(SignatureAlgorithm.allCases))
}()

private let secret = [UInt8](repeating: 7, count: 32)

// SAFETY: libFuzzer calls from one thread.
private nonisolated(unsafe) let signer = MessageAuthenticator(secret: secret, algorithm: .hs256)

// SAFETY: libFuzzer calls from one thread.
private nonisolated(unsafe) let authenticator: Authenticator? = {
    guard let keys = try? KeySet(secret: secret) else { return nil }
    let issuer = Issuer(
        name: "main", issuer: "joe", audience: nil, algorithms: AlgorithmSet([.hs256]), keys: keys)
    return Authenticator(
        issuers: [issuer], scopes: Vocabulary(["read"]), roles: Vocabulary(["admin"]), cacheCapacity: 8)
}()
