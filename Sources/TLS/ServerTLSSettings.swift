/// What the TLS of a listener needs: the contents of files, which were read and checked before.
package struct ServerTLSSettings: Sendable, Equatable {
    /// A certificate with its key.
    package struct Certificate: Sendable, Equatable {
        /// The certificate and its intermediates, leaf first, as PEM.
        package var chain: [UInt8]
        /// The private key, as PEM.
        package var key: [UInt8]
        /// A stapled OCSP response (RFC 6066 section 8), as DER; nil for none.
        package var staple: [UInt8]?

        package init(chain: [UInt8], key: [UInt8], staple: [UInt8]? = nil) {
            self.chain = chain
            self.key = key
            self.staple = staple
        }
    }

    /// Whether clients show a certificate.
    package enum ClientCertificate: String, Sendable, CaseIterable {
        case none, optional, required
    }

    /// The first one is for clients whose name fits none.
    package var certificates: [Certificate]
    /// Whether clients show a certificate.
    package var clientCertificate = ClientCertificate.none
    /// Whose certificates of clients are good, as PEM; not empty where clients may show one.
    package var clientAuthorities: [UInt8] = []
    /// Certificates of clients that are good no more: CRLs, as PEM; nil if none is looked at.
    package var clientRevocations: [UInt8]?
    /// The oldest version that is spoken.
    package var minimumVersion = TLSVersion.tls12
    /// Whether HTTP/2 is offered (ALPN, RFC 7301).
    package var offersHTTP2 = true
    /// Keys of session tickets for several gateways to share, each 48 or 80 bytes, the first of which encrypts; empty for keys
    /// of this process that rotate.
    package var ticketKeys: [[UInt8]] = []

    package init(certificates: [Certificate]) {
        self.certificates = certificates
    }
}

/// A version of TLS that may be spoken.
package enum TLSVersion: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"

    /// The version as the access log writes it.
    package var text: String { "TLSv\(rawValue)" }
}
