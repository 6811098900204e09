package import Transport

/// The TLS to one upstream on one worker; it remembers sessions to resume.
package final class ClientTLSContext {
    /// - Throws: what is wrong with the settings.
    package init(_ settings: ClientTLSSettings) throws(TLSError) {
    }

    /// Begins TLS on a connection.
    ///
    /// - Parameter stream: the connection; the TLS stream is its owner from now on.
    /// - Returns: the stream, whose handshake is to be done.
    /// - Throws: `.noResources`.
    package func connect(_ stream: TCPStream) throws(TLSError) -> TLSStream {
        TLSStream()
    }
}
