internal import COpenSSL
package import Transport

/// The TLS to one upstream on one worker; it remembers sessions to resume.
package final class ClientTLSContext {
    private let context: OpenSSLContext
    private let wanted: ApplicationProtocol
    private let name: UpstreamName

    /// - Throws: what is wrong with the settings.
    package init(_ settings: ClientTLSSettings) throws(TLSError) {
        context = try OpenSSLContext(isServer: false, minimumVersion: .tls12)
        wanted = settings.applicationProtocol
        name = UpstreamName(settings.serverName)
        guard context.offer(wanted) else { throw .noResources }
        if let certificate = settings.certificate {
            try context.use(chain: certificate.chain, key: certificate.key, index: 0)
        }
        try context.verifyServer(name, settings)
    }

    /// Begins TLS on a connection.
    ///
    /// - Parameter stream: the connection; the TLS stream is its owner from now on, also if this throws: then it is closed.
    /// - Returns: the stream, whose handshake is to be done.
    /// - Throws: `.noResources`.
    package func connect(_ stream: TCPStream) throws(TLSError) -> TLSStream {
        let secured = try TLSStream(stream, in: context, owner: self, isServer: false, wanted: wanted)
        secured.ask(for: name)
        return secured
    }
}
