extension Shape {
    /// The bounds of what can grow or wait.
    static let limits = Shape.object(
        ObjectShape([
            Key("request_line", .string(.size(.requestLine)), default: "8KiB", "Bytes of a request line."),
            Key("header_section", .string(.size(.headerSection)), default: "16KiB", "Bytes of a header section."),
            Key("header_fields", .integer(1...10_000), default: "100", "Fields of a header section."),
            Key("token", .string(.size(.headerSection)), default: "8KiB", "Bytes of a token."),
            Key(
                "max_body", .string(.size(.body, orUnlimited: true)), default: "unlimited", "Bytes of a request body."),
            Key(
                "body_rate", .string(.size(.body)), default: "256B",
                "Bytes per second that a body must move on average."),
            Key("head_timeout", .string(.duration(.positive)), default: "30s", "The time a client has for a head."),
            Key(
                "handshake_timeout", .string(.duration(.positive)), default: "10s",
                "The time for a TLS handshake, with clients and with upstreams."),
            Key(
                "idle_timeout", .string(.duration(.positive)), default: "75s",
                "The time without a byte, between requests and within a body."),
            Key(
                "stream_idle_timeout", .string(.duration(.positive)), default: "10m",
                "The time that a WebSocket, an event stream or a call of gRPC may go without a byte either way."),
            Key("connect_timeout", .string(.duration(.positive)), default: "5s", "The time to connect to an upstream."),
            Key("timeout", .string(.duration(.positive)), default: "60s", "The time to an upstream's response head."),
            Key(
                "upstream_idle_timeout", .string(.duration(.zero(to: .seconds(3600), "0s to 1h"))), default: "4s",
                "The time an unused connection to an upstream is kept."),
            Key(
                "drain_timeout", .string(.duration(.zero(to: .seconds(86400), "0s to 24h"))), default: "30s",
                "The time exchanges have to end when the gateway stops."),
            Key("connections", .integer(1...1_000_000), default: "10000", "Connections of clients per listener."),
            Key(
                "upstream_connections", .integer(1...1_000_000), default: "1024",
                "Connections to an upstream per worker."),
            Key(
                "http2_streams", .integer(1...1000), default: "100",
                "Requests that a client may have under way on one HTTP/2 connection."),
            Key("token_cache", .integer(0...10_000_000), default: "10000", "Verified tokens remembered per worker."),
        ]))
}

extension TextRange<Duration> {
    /// The longest wait or lifetime that makes sense: a year.
    private static let longest = Duration.seconds(366 * 86400)

    static let positive = TextRange(lowest: .milliseconds(1), highest: longest, description: "1ms to 366d")

    static func zero(to highest: Duration, _ description: String) -> TextRange {
        TextRange(lowest: .zero, highest: highest, description: description)
    }
}

extension TextRange<Int> {
    // A head with both parts at their largest fits into one block of 64 KiB, where the whole of it must lie.

    static let requestLine = TextRange(lowest: 256, highest: 15 << 10, description: "256B to 15KiB")

    static let headerSection = TextRange(lowest: 256, highest: 48 << 10, description: "256B to 48KiB")

    static let body = TextRange(lowest: 1, highest: 1 << 50, description: "1B to 1024TiB")
}
