/// Which part of the settings is wrong.
package enum SettingsPart: Equatable, Sendable {
    /// The chain of the certificate at an index.
    case certificate(Int)
    /// The private key of the certificate at an index.
    case key(Int)
    /// The OCSP response of the certificate at an index.
    case staple(Int)
    /// Whose certificates are good.
    case authorities
    /// The list of revoked certificates.
    case revocations
    /// The ticket key at an index.
    case ticketKey(Int)
    /// The name of the upstream's server.
    case serverName

    /// The part in words for an operator.
    package var name: String {
        switch self {
        case .certificate: "certificate"
        case .key: "private key"
        case .staple: "OCSP response"
        case .authorities: "certificate authorities"
        case .revocations: "revocations"
        case .ticketKey: "ticket key"
        case .serverName: "server name"
        }
    }
}

/// What is wrong with a part of the settings.
package enum SettingsFault: Error, Equatable, Sendable {
    /// There is no certificate in PEM form.
    case noCertificate
    /// What OpenSSL says of a certificate, key or list that it does not take.
    case refused(String)
    /// A certificate in the chain did not issue the one before it; the first certificate has number 1.
    case brokenChain(number: Int)
    /// There is no private key in PEM form.
    case noKey
    /// The key has a passphrase, and nobody to ask for it.
    case encryptedKey
    /// The key is not the certificate's.
    case keyMismatch
    /// Earlier certificates have all of its names, and none of them has the same names and another type of key, so that this
    /// one would never be shown.
    case neverShown
    /// It is no successful OCSP response as DER.
    case notAResponse
    /// The OCSP response is about another certificate.
    case otherCertificate
    /// There is no list of revoked certificates in PEM form.
    case noRevocations
    /// A ticket key has neither 48 nor 80 bytes.
    case keyLength(Int)
    /// There is nothing to compare the server's certificate with.
    case empty

    /// The fault in words for an operator.
    package var message: String {
        switch self {
        case .noCertificate: "no certificate in PEM form"
        case .refused(let words): "OpenSSL refuses it: \(words)"
        case .brokenChain(let number): "certificate \(number) of the file did not issue the one before it"
        case .noKey: "no private key in PEM form"
        case .encryptedKey: "it is encrypted; the gateway asks nobody for a passphrase"
        case .keyMismatch: "it does not belong to the certificate"
        case .neverShown:
            "earlier certificates have all of its names, so it would never be shown; beside one of them can stand only one "
                + "with the very same names and another type of key"
        case .notAResponse: "no OCSP response in DER form that says successful"
        case .otherCertificate: "it is about another certificate"
        case .noRevocations: "no CRL in PEM form"
        case .keyLength(let count): "\(count) bytes; a ticket key has 48 or 80"
        case .empty: "it is empty, so that no certificate could be checked"
        }
    }
}
