/// What an operator wants to know of a certificate.
package struct CertificateSummary: Sendable, Equatable {
    /// The names that it is for, in lower case.
    package let names: [String]
    /// When it begins to be good, in seconds since 1970.
    package let notBefore: Int64
    /// When it ceases to be good, in seconds since 1970.
    package let notAfter: Int64

    /// - Parameter chain: the certificate and its intermediates, leaf first, as PEM.
    /// - Throws: what is wrong with them.
    package init(chain: [UInt8]) throws(SettingsFault) {
        let chain = try CertificateChain(pem: chain)
        names = chain.names.map { String(decoding: $0, as: UTF8.self) }
        notBefore = chain.notBefore
        notAfter = chain.notAfter
    }

    /// Whether it is good at a time in seconds since 1970.
    package func isValid(at time: Int64) -> Bool { notBefore <= time && time < notAfter }
}
