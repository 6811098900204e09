/// The bounds of everything that clients and upstreams can make grow or wait.
package struct LimitsConfiguration: Sendable, Equatable {
    /// Bytes of a request line.
    package var requestLine = 8 << 10
    /// Bytes of a header section.
    package var headerSection = 16 << 10
    /// Fields of a header section.
    package var headerFields = 100
    /// Bytes of a token.
    package var token = 8 << 10
    /// Bytes of a request body; nil for any number.
    package var maximumBody: Int?
    /// Bytes per second that a body must move on average while it is being read.
    package var bodyRate = 256
    /// The time a client has for a request head.
    package var headTimeout = Duration.seconds(30)
    /// The time that a TLS handshake may take, with a client or with an upstream.
    package var handshakeTimeout = Duration.seconds(10)
    /// How long a connection to a client may be idle, between requests and between bytes of a body.
    package var idleTimeout = Duration.seconds(75)
    /// How long a stream may go without a byte either way: a WebSocket, an event stream, a call of gRPC.
    package var streamIdleTimeout = Duration.seconds(600)
    /// The time that connecting to an upstream may take.
    package var connectTimeout = Duration.seconds(5)
    /// The time an upstream has for its response head.
    package var timeout = Duration.seconds(60)
    /// How long an unused connection to an upstream is kept.
    package var upstreamIdleTimeout = Duration.seconds(4)
    /// The time that exchanges in flight have to end when the gateway stops.
    package var drainTimeout = Duration.seconds(30)
    /// Connections of clients per listener.
    package var connections = 10_000
    /// Connections to one upstream per worker.
    package var upstreamConnections = 1024
    /// Requests that a client may have under way on one HTTP/2 connection.
    package var http2Streams = 100
    /// Verified tokens that each worker remembers.
    package var tokenCache = 10_000
}
