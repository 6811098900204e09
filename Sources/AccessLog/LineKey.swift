/// A key of a line of the access log.
package struct LineKey: Sendable {
    /// What its value is.
    package enum Kind: Sendable {
        case text
        case integer
        /// A number of seconds with a fraction.
        case seconds
        /// A list of words.
        case words
        /// One of these words.
        case oneOf([String])
    }

    /// The key.
    package let name: String
    /// What its value is.
    package let kind: Kind
    /// Whether every line has it.
    package let isAlwaysThere: Bool
    /// What it says, in one sentence.
    package let summary: String

    private init(_ name: String, _ kind: Kind, isAlwaysThere: Bool = false, _ summary: String) {
        self.name = name
        self.kind = kind
        self.isAlwaysThere = isAlwaysThere
        self.summary = summary
    }

    /// All keys, in the order of a line.
    package static let all = start + request + decision + identity + origin

    private static let start = [
        LineKey("ts", .text, isAlwaysThere: true, "When the response ended: UTC with microseconds (RFC 3339)."),
        LineKey("level", words(LogLevel.allCases.map(\.word)), isAlwaysThere: true, "How much attention it asks for."),
        LineKey("event", .oneOf(["access"]), isAlwaysThere: true, "That this is a line of the access log."),
        LineKey("msg", words(Message.allCases.map(\.word)), isAlwaysThere: true, "What happened, in a word."),
    ]

    private static let request = [
        LineKey("request_id", .text, "The value of X-Request-Id towards client and upstream."),
        LineKey("trace_id", .text, "The trace that the request belongs to."),
        LineKey("remote_ip", .text, "The address that the connection came from."),
        LineKey("client_ip", .text, "The address of the client, behind trusted proxies."),
        LineKey("method", .text, "The method."),
        LineKey("host", .text, "The canonical host."),
        LineKey("path", .text, "The canonical path, without the query."),
        LineKey("proto", .text, "The version of HTTP."),
        LineKey("tls", .text, "The version of TLS."),
        LineKey("status", .integer, "The status that was sent; absent where none was."),
        LineKey("bytes_in", .integer, isAlwaysThere: true, "Bytes of the request's body."),
        LineKey("bytes_out", .integer, isAlwaysThere: true, "Bytes of the response's body."),
        LineKey("duration", .seconds, isAlwaysThere: true, "From the request's first byte to the response's last."),
    ]

    private static let decision = [
        LineKey("route", .text, "The id of the route that owns the request."),
        LineKey("decision", words(Decision.allCases.map(\.word)), isAlwaysThere: true, "What was decided."),
        LineKey("reason", .oneOf(Reason.allCases.map(\.rawValue)), isAlwaysThere: true, "Why."),
        LineKey(
            "would_deny", .oneOf(Reason.allCases.map(\.rawValue)),
            "What the reason would be if the route did not shadow."
        ),
        LineKey("required_scopes", .words, "The scopes that the route asks for."),
        LineKey("missing_scopes", .words, "Those that the token does not give."),
        LineKey("required_roles", .words, "The roles of which the route asks for one."),
    ]

    private static let identity = [
        LineKey("sub", .text, "The subject of the token."),
        LineKey("client_id", .text, "The client that the token was given to."),
        LineKey("iss", .text, "Who issued the token."),
        LineKey("token_id", .text, "The token's jti, or the start of its SHA-256."),
        LineKey("exp_in", .integer, "Seconds until the token expires; negative when it has."),
        LineKey("user_agent", .text, "The field User-Agent."),
    ]

    private static let origin = [
        LineKey("origin", words(StatusOrigin.allCases.map(\.word)), isAlwaysThere: true, "Who produced the status."),
        LineKey("upstream", .text, "The name of the upstream."),
        LineKey("upstream_addr", .text, "The address of the server."),
        LineKey("upstream_status", .integer, "The status that the upstream sent."),
        LineKey("grpc_status", .integer, "The status of a call of gRPC, as far as it is known."),
        LineKey("upstream_duration", .seconds, "From the first byte to the upstream to the last of its response."),
        LineKey("retries", .integer, "Further attempts that forwarding took."),
        LineKey("decision_duration", .seconds, "What matching, authentication and authorization took."),
        LineKey("aborted", words(AbortingSide.allCases.map(\.word)), "Which side ended the exchange early."),
        LineKey(
            "ended", words(StreamEnd.allCases.map(\.word)), "Why the gateway ended a stream that would have gone on."),
        LineKey("dropped_fields", .integer, "Request fields dropped for an underscore in their name."),
        LineKey("config", .text, "The hash of the configuration."),
    ]

    private static func words(_ words: [StaticString]) -> Kind { .oneOf(words.map { "\($0)" }) }
}
