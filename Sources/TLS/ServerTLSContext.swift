package import Transport

/// The TLS of one listener on one worker.
package final class ServerTLSContext {
    /// - Parameters:
    ///   - settings: what is configured.
    ///   - tickets: the keys of this process for session tickets, which all workers share.
    /// - Throws: what is wrong with the settings.
    package init(_ settings: ServerTLSSettings, tickets: TicketKeys) throws(TLSError) {
    }

    /// Begins TLS on an accepted connection.
    ///
    /// - Parameters:
    ///   - stream: the connection; the TLS stream is its owner from now on.
    ///   - received: what was already read from it.
    /// - Returns: the stream, whose handshake is to be done.
    /// - Throws: `.noResources`.
    package func accept(_ stream: TCPStream, received: [UInt8]) throws(TLSError) -> TLSStream {
        TLSStream()
    }

    /// Whether a request for `host`, without a port and in lower case, is answered under the certificate that `stream` was
    /// given (RFC 9110 section 15.5.20).
    package func serves(_ host: Span<UInt8>, on stream: TLSStream) -> Bool { true }
}
