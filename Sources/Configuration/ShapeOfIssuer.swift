import JOSE

extension Shape {
    /// One issuer.
    static let issuer = Shape.object(
        ObjectShape([
            Key("issuer", .string(.text), .required, "What the claim iss must be, exactly."),
            Key(
                "audience", .either([.word(["any"]), .list(.string(.text))]), .required,
                "Whom tokens must be meant for: one of these."),
            Key(
                "algorithms", .list(algorithm), .required, where: .without([["token_endpoint"], introspected]),
                "The signature algorithms that are accepted."),
            Key(
                "keys", keys, .required, where: .without([["token_endpoint"]]), "Where the issuer's keys come from."),
            Key(
                "keys_at_start", .word(KeysAtStart.allCases.map(\.rawValue)), where: fetched, default: "serve",
                "Whether nothing is accepted before there are keys, or requests are served at once."),
            Key(
                "keys_refresh_interval", .string(.duration(interval(to: .seconds(86400), "1s to 24h"))), where: fetched,
                default: "5m", "How often keys are fetched."),
            Key(
                "keys_minimum_interval", .string(.duration(interval(to: .seconds(3600), "1s to 1h"))), where: fetched,
                default: "10s", "How long nothing is fetched after a fetch, whatever tokens come."),
            Key(
                "keys_maximum_age", .string(.duration(interval(to: .seconds(30 * 86400), "1s to 30d"))), where: fetched,
                default: "24h", "How old keys may become that cannot be fetched anew."),
            Key("provider", provider, where: .with(remote + [introspected]), "How the identity provider is reached."),
            Key("claims", claims, "Where tokens hold scopes, roles, subject and client."),
            Key("required_claims", .list(.string(.text)), "Claims without which a token is refused."),
            Key(
                "clock_skew", .string(.duration(.zero(to: .seconds(3600), "0s to 1h"))), default: "30s",
                "By how much clocks may differ."),
            Key(
                "maximum_lifetime", .string(.duration(.positive)),
                "The longest time from issue to expiry; any by default."),
            Key(
                "require_expiry", .boolean, default: "true", except: (.with([introspected]), "false"),
                "Whether a token without exp is refused."),
            Key(
                "grant", grant, inherits: ["grant"],
                "How scopes and roles come together for this issuer; as for all by default."),
            Key(
                "token_endpoint", tokenEndpoint,
                "Makes this a built-in issuer, for trying out and small closed systems."),
            Key(
                "token_type", .string(.text), where: .without([introspected]),
                "What the token's header must say that it is, such as at+jwt (RFC 9068)."),
        ]))

    /// Where an issuer's keys are fetched, and where it has none but is asked.
    private static let remote = [["keys", "discovery"], ["keys", "jwks_uri"]]
    private static let introspected = ["keys", "introspection"]
    private static let fetched = KeyCondition.with(remote)

    private static func interval(to highest: Duration, _ description: String) -> TextRange<Duration> {
        TextRange(lowest: .seconds(1), highest: highest, description: description)
    }

    private static let algorithm = Shape.word(SignatureAlgorithm.allCases.map(\.name))

    private static let keys = Shape.object(
        ObjectShape(
            [
                Key("jwks_file", .string(.file), "A file with a JWK Set (RFC 7517)."),
                Key("jwks", .keySet, "A JWK Set (RFC 7517)."),
                Key("pem_file", .string(.file), "A file with public keys or certificates in PEM (RFC 7468)."),
                Key("secret", .secret, "The secret of HMAC signatures, at least as long as their hash."),
                Key(
                    "discovery", .yes, "Keys are found from the issuer's metadata (OpenID Connect Discovery, RFC 8414)."
                ),
                Key("jwks_uri", .string(.serviceURL), "The URL of a JWK Set."),
                Key("introspection", introspection, "The issuer is asked about each token (RFC 7662)."),
            ], isChoice: true))

    private static let claims = Shape.object(
        ObjectShape([
            Key("scopes", claimPaths, default: #"[["scope"], ["scp"]]"#, "Paths of scopes; the union counts."),
            Key("roles", claimPaths, default: #"[["roles"]]"#, "Paths of roles; the union counts."),
            Key("subject", claimPaths, default: #"[["sub"]]"#, "Paths of the subject; the first found counts."),
            Key(
                "client", claimPaths, default: #"[["client_id"], ["azp"]]"#,
                "Paths of the client; the first found counts."),
        ]))

    /// A path may name a key twice, so its elements need not differ.
    private static let claimPaths = Shape.list(.path(.string(.text)))
}
