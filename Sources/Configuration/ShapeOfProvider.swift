import JOSE

extension Shape {
    /// How an identity provider is reached.
    static let provider = Shape.object(
        ObjectShape([
            Key("tls", providerTLS, "How the provider proves who it is, and the gateway."),
            Key(
                "proxy", .string(.proxyChoice), default: "environment",
                "Through which proxy: that of the environment, none, or http://host:port."),
            Key(
                "timeout", .string(.duration(timeout)), default: "5s",
                "How long one request may take, from looking its name up to the last byte of the answer."),
            Key("allow_http", .boolean, default: "false", "Whether http URLs may lead to other machines."),
            Key("connections", .integer(1...256), default: "16", "How many connections are open at once."),
        ]))

    private static let timeout = TextRange(
        lowest: Duration.milliseconds(100), highest: .seconds(60), description: "100ms to 60s")

    /// Whom to ask about tokens, and how.
    static let introspection = Shape.object(
        ObjectShape([
            Key("endpoint", .string(.serviceURL), .required, "The URL of the introspection endpoint."),
            Key("client_id", .string(.accountName), .required, "The identifier of the gateway at the provider."),
            Key(
                "client_secret", .secret, .required, where: .without([["private_key"]]),
                "The secret of the gateway at the provider; or private_key."),
            Key("private_key", .secret, "A private key in PEM, to sign assertions with (RFC 7523)."),
            Key(
                "auth_method", .word(IntrospectionMethod.allCases.map(\.rawValue)), default: "client_secret_basic",
                except: (.with([["private_key"]]), "private_key_jwt"), "How the gateway says who it is."),
            Key(
                "algorithm", .word(SignatureAlgorithm.allCases.filter { !$0.isSymmetric }.map(\.name)),
                where: .with([["private_key"]]), "The algorithm of assertions; the usual one of the key by default."),
            Key(
                "key_id", .string(.text), where: .with([["private_key"]]),
                "The kid that assertions name; none by default."),
            Key(
                "cache_lifetime", .string(.duration(.zero(to: .seconds(3600), "0s to 1h"))), default: "30s",
                "How long an answer that a token is active is kept; never beyond its exp."),
            Key(
                "negative_cache_lifetime", .string(.duration(.zero(to: .seconds(300), "0s to 5m"))), default: "5s",
                "How long an answer that a token is not active is kept."),
        ]))
}
