/// What the TLS to an upstream needs: the contents of files, which were read and checked before.
package struct ClientTLSSettings: Sendable, Hashable {
    /// What the gateway shows of itself.
    package struct Certificate: Sendable, Hashable {
        /// The certificate and its intermediates, leaf first, as PEM.
        package var chain: [UInt8]
        /// The private key, as PEM.
        package var key: [UInt8]

        package init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    /// The name that the server is asked for (SNI), and that its certificate must have; an address is only checked.
    package var serverName: String
    /// Whose certificates are good, as PEM; nil for those that the system trusts.
    package var authorities: [UInt8]?
    /// What the gateway shows of itself; nil for nothing.
    package var certificate: Certificate?
    /// Whether the server must prove who it is.
    package var verifies = true
    /// What is to be spoken: the server must agree to HTTP/2, while HTTP/1.1 needs no agreement.
    package var applicationProtocol = ApplicationProtocol.http11

    package init(serverName: String) {
        self.serverName = serverName
    }
}
