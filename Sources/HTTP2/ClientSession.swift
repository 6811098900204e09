package import HTTP

/// The client's side of a connection.
package final class ClientSession: Session {
    /// - Throws: `.noResources`.
    package init(limits: SessionLimits) throws(HTTP2Error) {
        super.init()
    }

    /// How many more streams may be opened now: none after a GOAWAY, or when no stream identifiers are left.
    package var capacity: Int { 0 }

    /// Opens a stream with a request.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - scheme: the scheme of the target.
    ///   - authority: the host, with its port unless that is the scheme's own; may be empty.
    ///   - path: the path and query.
    ///   - lines: field lines, each with its CRLF, without `Host` and fields for one connection only.
    ///   - isComplete: whether no content follows.
    /// - Returns: the stream, or nil if there is no capacity.
    package func open(
        method: Method, scheme: StaticString, authority: Span<UInt8>, path: Span<UInt8>, lines: Span<UInt8>,
        isComplete: Bool
    ) -> HTTP2Stream? { nil }

    /// Asks whether the other side is there (RFC 9113 section 6.7).
    package func ping() {}

    /// Whether the last `ping` has been answered.
    package var isPingAnswered: Bool { true }
}
