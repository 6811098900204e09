import Routing

extension Shape {
    /// One route.
    static let route = Shape.object(routeShape)

    static let routeShape = ObjectShape(
        [
            Key("id", .string(.routeID), .required, "The unique name, as in logs."),
            Key("path", .string(.path), .required, "Segments, {name} for one and {name...} for the rest; or *."),
        ] + routeSettings, contradictions: AccessFields.contradictions)

    static let routeDefaults = Shape.object(
        ObjectShape(
            routeSettings,
            absences: [
                "id": "\"id\" cannot have a default: it tells routes apart",
                "path": "\"path\" cannot have a default: each route has its own",
            ], contradictions: AccessFields.contradictions))

    private static let rewrite = Shape.object(
        ObjectShape(
            [
                Key("strip_prefix", .string(.prefix), "What is taken from the start of the path."),
                Key(
                    "replace_prefix", .path(.string(.prefix), count: 2),
                    "What the path starts with, and what it starts with then."),
            ], isChoice: true))

    private static let identitySource = Shape.either([
        .word(PrincipalPart.allCases.map(\.rawValue)), .path(.string(.text)),
    ])

    private static let crossOrigin = Shape.object(
        ObjectShape([
            Key(
                "origins", .list(.string(.origin)), .required,
                "The origins, exactly as browsers write them; or * for any."),
            Key("headers", .list(.string(.fieldName)), "Request fields that pages may set; none by default."),
            Key("expose", .list(.string(.fieldName)), "Response fields that pages may read; none by default."),
            Key("credentials", .boolean, default: "false", "Whether browsers may send cookies."),
            Key(
                "max_age", .string(.duration(.zero(to: .seconds(86400), "0s to 24h"))),
                "How long browsers may keep the answer to a preflight."),
        ]))

    /// The keys that `route_defaults` may have, too.
    static let routeSettings = [
        Key("methods", .list(.string(.method)), "The methods; all but CONNECT and TRACE by default."),
        Key("host", .string(.host), "The host: a name, or *.name for one label more; every host by default."),
        Key("public", .yes, "Everyone may use the route."),
        Key("authenticated", .yes, "Whoever has a valid token may use the route."),
        Key("scopes", .list(.string(.scope)), "All of these scopes are needed."),
        Key("any_scopes", .list(.list(.string(.scope))), "All scopes of one of these lists are needed."),
        Key("roles", .list(.string(.text)), "One of these roles is needed."),
        Key("issuers", .list(.string(.name)), "Whose tokens are good here; all issuers' by default."),
        Key("upstream", .either([.string(.name), upstream]), "Where requests go: a name, or an upstream."),
        Key("rewrite", rewrite, "How the path is changed for the upstream, after the decision."),
        Key("upstream_host", .string(.upstreamHost), "The Host that the upstream sees; the client's by default."),
        Key(
            "authorization_header", .word(["pass", "strip"]), default: "pass",
            "Whether the upstream sees the client's credential."),
        Key(
            "allow", .list(.word(AllowedForm.allCases.map(\.rawValue))),
            "Path forms that can be read in several ways and are let in here."),
        Key(
            "timeout", .string(.duration(.positive)), inherits: ["limits", "timeout"],
            "The time to the upstream's response head; as in limits by default."),
        Key(
            "idle_timeout", .string(.duration(.positive)), inherits: ["limits", "idle_timeout"],
            "The time between bytes of a body; as in limits by default."),
        Key(
            "stream_idle_timeout", .string(.duration(.positive)), inherits: ["limits", "stream_idle_timeout"],
            "The time that a stream may go without a byte either way; as in limits by default."),
        Key(
            "outlive_token", .boolean, default: "false",
            "Whether WebSockets, event streams and calls of gRPC may go on when their token has expired."),
        Key(
            "max_body", .string(.size(.body, orUnlimited: true)), inherits: ["limits", "max_body"],
            "The largest request body; as in limits by default."),
        Key(
            "identity_headers", .map(identitySource, names: .ownFieldName),
            "Fields that tell the upstream who makes a request."),
        Key("cors", crossOrigin, "Which pages of other origins may use the route."),
        Key("shadow", .boolean, default: "false", "Denials are logged, and the request forwarded."),
        Key(
            "trailing_slash", .word(["exact", "either"]), default: "exact",
            "Whether the path matches with and without a trailing slash."),
    ]
}
