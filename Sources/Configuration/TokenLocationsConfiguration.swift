/// Where tokens may stand besides `Authorization`.
package struct TokenLocationsConfiguration: Sendable, Equatable {
    /// A field that may hold the token instead; nil for none.
    package var header: String?
    /// A cookie that may hold it (RFC 6265); nil for none.
    package var cookie: String?
    /// The subprotocol behind which a WebSocket's handshake offers the token as another: browsers can set no other field. Nil for
    /// none.
    package var webSocketProtocol: String?
}
