package import Bytes

/// A connection that carries bytes both ways without ever blocking: cleartext or, later, TLS.
///
/// Calls belong to the stream's event loop. A call that cannot go on says so, and the stream's waiter is woken when it can.
package protocol ByteStream: AnyObject {
    /// Whom to wake when the stream becomes readable or writable, or ends.
    var waiter: Waiter? { get set }

    /// Reads into the free space of `buffer`, which must not be empty.
    func read(into buffer: inout ByteBuffer) -> ReadOutcome

    /// Writes as much of `bytes` as the stream takes now.
    func write(_ bytes: Span<UInt8>) -> WriteOutcome

    /// Whether the other side has neither ended nor sent anything that was not yet read: what an idle connection must be
    /// to be used again. The socket itself is looked at, because events tell only of what came before the loop's last
    /// wait.
    var isQuiet: Bool { get }

    /// What the other side has done to the connection, as far as events have told.
    var remoteState: RemoteState { get }

    /// Says that no more bytes will be written.
    func shutdownWriting()

    /// Ends the connection. Bytes that were written are still delivered, unless `abruptly`, which resets it.
    func close(abruptly: Bool)
}

package enum ReadOutcome {
    /// So many bytes were appended to the buffer.
    case bytes(Int)
    /// There is nothing to read now.
    case wouldBlock
    /// The other side will send nothing more.
    case end
    case failed(SocketError)
}

package enum WriteOutcome {
    /// So many bytes were taken, possibly fewer than were offered.
    case bytes(Int)
    /// Nothing can be taken now.
    case wouldBlock
    case failed(SocketError)
}

package enum RemoteState {
    /// Nothing that was noticed.
    case open
    /// It will send nothing more; it may still read.
    case ended
    /// It is gone: the connection was reset, or is closed on this side.
    case gone
}
