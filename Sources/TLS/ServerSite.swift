internal import COpenSSL

/// What a listener shows under some names: one certificate, or several with keys of different types, of which OpenSSL
/// chooses by what the client can verify.
final class ServerSite {
    let context: OpenSSLContext
    private(set) var names: [[UInt8]]
    private var identities: [Identity]

    /// A certificate, and what is stapled to it.
    private struct Identity {
        let chain: CertificateChain
        let pem: [UInt8]
        let staple: OCSPStaple?
    }

    /// - Parameters:
    ///   - certificate: what is shown.
    ///   - index: its place in the settings.
    ///   - minimumVersion: the oldest version that is spoken.
    /// - Throws: what is wrong with which part.
    init(_ certificate: ServerTLSSettings.Certificate, index: Int, minimumVersion: TLSVersion) throws(TLSError) {
        context = try OpenSSLContext(isServer: true, minimumVersion: minimumVersion)
        names = []
        identities = []
        try add(certificate, index: index)
        names = identities[0].chain.names
    }

    /// Whether the certificate of `other` can stand beside those that are there: for the same names, with a key of another
    /// type.
    func takes(_ other: ServerSite) -> Bool {
        let keyType = other.identities[0].chain.keyType
        return Set(names) == Set(other.names) && !identities.contains { $0.chain.keyType == keyType }
    }

    /// - Throws: what is wrong with which part.
    func add(_ certificate: ServerTLSSettings.Certificate, index: Int) throws(TLSError) {
        let chain = try context.use(chain: certificate.chain, key: certificate.key, index: index)
        var staple: OCSPStaple?
        do throws(SettingsFault) {
            if let response = certificate.staple { staple = try OCSPStaple(response, for: chain) }
        } catch {
            throw .settings(.staple(index), error)
        }
        identities.append(Identity(chain: chain, pem: certificate.chain, staple: staple))
    }

    /// The chains as they were configured.
    var chains: [[UInt8]] { identities.map(\.pem) }

    /// What is stapled to the certificate `leaf` at a time in seconds since 1970.
    func staple(for leaf: OpaquePointer?, at now: Int64) -> [UInt8]? {
        // SAFETY: the pointers are compared only.
        guard let staple = identities.first(where: { unsafe $0.chain.leaf == leaf })?.staple else { return nil }
        return staple.end > now ? staple.response : nil
    }
}
