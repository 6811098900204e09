extension Shape {
    /// The credentials of machines.
    static let apiKeys = Shape.object(
        ObjectShape([
            Key(
                "header", .string(.ownFieldName),
                "A field that may carry a key in the place of Authorization; none by default."),
            Key("keys", .map(apiKey, names: .name), .required, "The keys; a name is its holder's subject."),
            Key(
                "grant", grant, inherits: ["grant"],
                "How scopes and roles come together for keys; as for all by default."),
        ]))

    private static let apiKey = Shape.object(
        ObjectShape([
            Key("hash", .string(.keyHash), .required, "The SHA-256 of the key, as gateway token api-key prints it."),
            Key("scopes", .list(.string(.scope)), "The scopes of its holder; none by default."),
            Key("roles", .list(.string(.text)), "The roles of its holder; none by default."),
            Key("expires", .string(.time), "When it ceases to be good; never by default."),
        ]))
}
