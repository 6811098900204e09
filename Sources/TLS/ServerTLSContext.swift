internal import Bytes
internal import COpenSSL
package import Transport

/// The TLS of one listener on one worker.
package final class ServerTLSContext {
    private let sites: [ServerSite]
    private let names: ServerNames
    let tickets: TicketKeys
    /// When the first of the lists of revoked certificates ceases to be good, in seconds since 1970.
    let revocationsEnd: Int64

    /// - Parameters:
    ///   - settings: what is configured.
    ///   - tickets: the keys of this process for session tickets, which all workers share.
    /// - Throws: what is wrong with the settings.
    package init(_ settings: ServerTLSSettings, tickets: TicketKeys) throws(TLSError) {
        (sites, names) = try Self.sites(settings)
        self.tickets = try tickets.replaced(by: settings.ticketKeys)
        var revocationsEnd = Int64.max
        for site in sites {
            revocationsEnd = try site.context.verifyClients(settings)
            site.context.choose(from: settings.offersHTTP2 ? [.http2, .http11] : [.http11])
            guard site.context.resume(only: SessionScope(site.chains, settings)) else { throw .noResources }
        }
        self.revocationsEnd = revocationsEnd
        for site in sites { site.context.callBack(self) }
    }

    /// Looks at all but the certificates, of which there may be none.
    ///
    /// - Throws: what is wrong with the rest of the settings.
    package static func checkAllButCertificates(_ settings: ServerTLSSettings) throws(TLSError) {
        _ = try TicketKeys().replaced(by: settings.ticketKeys)
        let context = try OpenSSLContext(isServer: true, minimumVersion: settings.minimumVersion)
        _ = try context.verifyClients(settings)
    }

    private static func sites(_ settings: ServerTLSSettings) throws(TLSError) -> ([ServerSite], ServerNames) {
        var sites: [ServerSite] = []
        var names = ServerNames()
        for (index, certificate) in settings.certificates.enumerated() {
            let site = try ServerSite(certificate, index: index, minimumVersion: settings.minimumVersion)
            let isAnyNameFree = names.add(site.names, site: sites.count)
            if index == 0 || isAnyNameFree {
                sites.append(site)
            } else if let twin = sites.first(where: { $0.takes(site) }) {
                try twin.add(certificate, index: index)
            } else {
                throw .settings(.certificate(index), .neverShown)
            }
        }
        guard !sites.isEmpty else { throw .settings(.certificate(0), .noCertificate) }
        return (sites, names)
    }

    /// Begins TLS on an accepted connection.
    ///
    /// - Parameters:
    ///   - stream: the connection; the TLS stream is its owner from now on, also if this throws: then it is closed.
    ///   - received: what was already read from it.
    /// - Returns: the stream, whose handshake is to be done.
    /// - Throws: `.noResources`.
    package func accept(_ stream: TCPStream, received: [UInt8]) throws(TLSError) -> TLSStream {
        try TLSStream(stream, in: sites[0].context, owner: self, isServer: true, received: received)
    }

    /// Whether a request for `host`, without a port and in lower case, is answered under the certificate that `stream` was
    /// given (RFC 9110 section 15.5.20). A name that fits no certificate belongs to the first one, as does a client that
    /// asked for none.
    package func serves(_ host: Span<UInt8>, on stream: TLSStream) -> Bool {
        sites.count == 1 || stream.isIn(site(for: host).context)
    }

    /// The site for `name`.
    func site(for name: Span<UInt8>) -> ServerSite {
        sites[names.site(for: name) ?? 0]
    }

    /// The site that a handshake has come to.
    func site(of context: OpaquePointer?) -> ServerSite? {
        // SAFETY: the pointers are compared only.
        sites.first { unsafe $0.context.handle == context }
    }
}
