/// Where tokens may stand besides `Authorization`.
package struct TokenLocationsConfiguration: Sendable, Equatable {
    /// The subprotocol behind which a WebSocket's handshake offers the token as another: browsers can set no other field. Nil for
    /// none.
    package var webSocketProtocol: String?
}
