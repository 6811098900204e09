package import Bytes
package import HTTP
package import Transport

/// One exchange of messages on an HTTP/2 connection (RFC 9113 section 5).
///
/// Content is read and written as the bytes of any other stream, its end included; heads and trailers come and go apart.
package final class HTTP2Stream: ByteStream {
    package var waiter: Waiter?

    init() {}

    // MARK: Heads

    /// Takes the next head that has arrived: of the request, or of interim and final responses.
    ///
    /// - Parameter head: receives it, and gives its storage for another.
    /// - Returns: whether there was one.
    package func takeHead(_ head: inout HeadFields) -> Bool { false }

    /// Sends the head of a response.
    ///
    /// - Parameters:
    ///   - status: the status code.
    ///   - lines: field lines, each with its CRLF, without fields for one connection only.
    ///   - isComplete: whether no content follows; else content is written, and `finish` called.
    package func respond(_ status: Int, lines: Span<UInt8>, isComplete: Bool) {}

    /// Sends the head of an interim response (RFC 9110 section 15.2).
    package func respondInterim(_ status: Int, lines: Span<UInt8>) {}

    // MARK: Content

    /// The trailer fields that have arrived, once `read` has returned the end.
    package private(set) var trailers = Fields()

    package func read(into buffer: inout ByteBuffer) -> ReadOutcome { .end }
    package func write(_ bytes: Span<UInt8>) -> WriteOutcome { .wouldBlock }

    /// How many bytes of written content wait for the other side, which has not let them be sent.
    package var heldBack: Int { 0 }

    /// Ends the content that is written; has no effect where it has ended.
    ///
    /// - Parameter trailers: field lines, each with its CRLF; may be empty.
    package func finish(trailers: Span<UInt8>) {}

    package func shutdownWriting() {
        let none: [UInt8] = []
        finish(trailers: none.span)
    }
    package var isQuiet: Bool { false }

    // MARK: End

    /// `gone` if the stream was reset or its connection was lost, never `ended`: that content has ended is nothing unusual.
    package var remoteState: RemoteState { .open }

    /// Whether the other side said that it has done nothing with the request (RFC 9113 section 8.7): it can be sent again.
    package var wasRefused: Bool { false }

    /// Why it is gone.
    package var failure: StreamFailure? { nil }

    /// Ends what has not ended yet: with CANCEL, with NO_ERROR where all was answered, or with INTERNAL_ERROR if `abruptly`.
    package func close(abruptly: Bool) {}
}
