import HTTP2

/// In which form a body goes to its sink.
enum BodyForm {
    /// As it is: a length, or the end of the connection, says where it ends.
    case plain
    /// In chunks, with its trailers (RFC 9112 §7.1).
    case chunks
    /// As the content of a stream, which is told of its end and of trailers.
    case content(HTTP2Stream)
}
