package import Bytes
package import Transport

/// A connection inside TLS.
package final class TLSStream: ByteStream {
    package var waiter: Waiter?

    init() {}

    /// Does the handshake; the stream's waiter, which must be the caller's own, is waited on.
    ///
    /// - Parameter deadline: when to give up.
    /// - Throws: why there is no connection; it is to be closed then.
    package func handshake(until deadline: Instant) async throws(TLSError) {}

    /// What both sides agreed on speaking; nil if they did not.
    package var applicationProtocol: ApplicationProtocol? { nil }
    /// The version that is spoken.
    package var version: TLSVersion { .tls13 }
    /// The certificate that the client showed and that was found good, as DER; nil for none.
    package var clientCertificate: [UInt8]? { nil }

    package func read(into buffer: inout ByteBuffer) -> ReadOutcome { .end }
    package func write(_ bytes: Span<UInt8>) -> WriteOutcome { .wouldBlock }
    package var isQuiet: Bool { false }
    package var remoteState: RemoteState { .gone }
    package func shutdownWriting() {}
    package func close(abruptly: Bool) {}
}
