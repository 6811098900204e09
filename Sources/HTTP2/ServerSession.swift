package import HTTP

/// The server's side of a connection.
package final class ServerSession: Session {
    /// - Throws: `.noResources`.
    package init(limits: SessionLimits) throws(HTTP2Error) {
        super.init()
    }

    /// The next stream whose request's head has arrived.
    package func nextStream() -> HTTP2Stream? { nil }

    /// The next request that was refused without becoming a stream: what is malformed gets no answer (RFC 9113 section
    /// 8.1.1). The head holds what was understood of it.
    ///
    /// - Parameter head: receives it.
    /// - Returns: whether there was one.
    package func nextMalformed(_ head: inout HeadFields) -> Bool { false }
}
