extension Shape {
    /// The built-in issuer.
    static let tokenEndpoint = Shape.object(
        ObjectShape([
            Key("path", .string(.builtInPath), .required, "Where tokens are asked for, such as /token."),
            Key(
                "lifetime", .string(.duration(tokenLifetime)), default: "15m",
                "How long a token is good; nothing takes it back before."),
            Key("signing_key", signingKey, .required, "What tokens are signed with."),
            Key("users", .map(account(secret: "password"), names: .accountName), "Whom the password grant knows."),
            Key(
                "clients", .map(account(secret: "secret"), names: .accountName),
                "Whom the client-credentials grant knows."),
        ]))

    private static let tokenLifetime = TextRange(
        lowest: Duration.seconds(1), highest: .seconds(86400), description: "1s to 24h")

    private static let signingKey = Shape.object(
        ObjectShape([
            Key(
                "file", .string(.file), .required,
                "A file with a private key in PEM; an ES256 key is made if there is none.")
        ]))

    private static func account(secret: String) -> Shape {
        .object(
            ObjectShape([
                Key(secret, .string(.passwordHash), .required, "The hash that \"gateway token hash\" prints."),
                Key("scopes", .list(.string(.scope)), "Scopes that it has by itself."),
                Key("roles", .list(.string(.text)), "Roles that it has."),
            ]))
    }
}
