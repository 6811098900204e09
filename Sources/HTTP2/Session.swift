package import Transport

/// One side of an HTTP/2 connection (RFC 9113), without the connection: bytes go in and out.
package class Session {
    /// Whom to wake when there is something to write, or a stream has been opened or ended.
    package var waiter: Waiter?

    init() {}

    /// Takes what has arrived.
    ///
    /// - Parameters:
    ///   - bytes: what follows the bytes of the last call.
    ///   - now: the time, which the bounds of what costs more than it should are counted by.
    package final func receive(_ bytes: Span<UInt8>, at now: Instant) {}

    /// Appends what is to be written, of all streams.
    ///
    /// - Parameters:
    ///   - output: what to append to.
    ///   - limit: stops when `output` is at least this long, in bytes.
    package final func appendOutput(to output: inout [UInt8], upTo limit: Int) {}

    /// Whether there is something to write.
    package final var wantsToWrite: Bool { false }
    /// Whether nothing more is to be read or written: the connection can be closed once all output is written.
    package final var isOver: Bool { true }
    /// How many streams are open.
    package final var openStreams: Int { 0 }
    /// Whether the other side is in the middle of a head, which must not take for ever.
    package final var isInsideHead: Bool { false }

    /// Says that no stream will be accepted or opened any more (GOAWAY, RFC 9113 section 6.8), and that those under way go on.
    /// Whoever has heard it may have sent streams before; `finishShutdown` ends that.
    package final func beginShutdown() {}

    /// Says which streams were the last; called about a round trip after `beginShutdown`.
    package final func finishShutdown() {}

    /// Says that the connection is lost: no stream goes on.
    package final func connectionLost() {}
}
