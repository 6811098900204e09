package import HTTP

/// The bounds of a session.
package struct SessionLimits: Sendable {
    /// How large the heads may be that the other side sends.
    package var messages: MessageLimits
    /// How many streams may be open: for a server those of the other side, for a client its own.
    package var concurrentStreams = 100
    /// How many bytes of content may arrive on a stream before they are read.
    package var streamWindow = 256 << 10
    /// How many bytes of content may arrive on all streams before they are read.
    package var connectionWindow = 1 << 20
    /// How many bytes of content a stream takes before they are sent.
    package var pendingContent = 16 << 10

    package init(messages: MessageLimits) {
        self.messages = messages
    }
}
