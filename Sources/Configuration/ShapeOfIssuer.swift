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
                "algorithms", .list(algorithm), .requiredUnless("token_endpoint"),
                "The signature algorithms that are accepted."),
            Key("keys", keys, .requiredUnless("token_endpoint"), "Where the issuer's keys come from."),
            Key("claims", claims, "Where tokens hold scopes, roles, subject and client."),
            Key("required_claims", .list(.string(.text)), "Claims without which a token is refused."),
            Key(
                "clock_skew", .string(.duration(.zero(to: .seconds(3600), "0s to 1h"))), default: "30s",
                "By how much clocks may differ."),
            Key(
                "maximum_lifetime", .string(.duration(.positive)),
                "The longest time from issue to expiry; any by default."),
            Key("require_expiry", .boolean, default: "true", "Whether a token without exp is refused."),
            Key(
                "grant", grant, inherits: ["grant"],
                "How scopes and roles come together for this issuer; as for all by default."),
            Key(
                "token_endpoint", tokenEndpoint,
                "Makes this a built-in issuer, for trying out and small closed systems."),
            Key(
                "token_type", .string(.text), "What the token's header must say that it is, such as at+jwt (RFC 9068)."),
            .later("keys_at_start", "Whether to wait for keys before serving."),
        ]))

    private static let algorithm = Shape.word(SignatureAlgorithm.allCases.map(\.name))

    private static let keys = Shape.object(
        ObjectShape(
            [
                Key("jwks_file", .string(.file), "A file with a JWK Set (RFC 7517)."),
                Key("jwks", .keySet, "A JWK Set (RFC 7517)."),
                Key("pem_file", .string(.file), "A file with public keys or certificates in PEM (RFC 7468)."),
                Key("secret", .secret, "The secret of HMAC signatures, at least as long as their hash."),
                .later("discovery", "Keys found from the issuer's metadata."),
                .later("jwks_uri", "The URL of a JWK Set."),
                .later("introspection", "The issuer is asked about each token (RFC 7662)."),
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
