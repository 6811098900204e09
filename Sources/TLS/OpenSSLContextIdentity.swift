internal import Bytes
internal import COpenSSL

extension OpenSSLContext {
    /// Takes a certificate with its key.
    ///
    /// - Parameters:
    ///   - chain: the certificate and its intermediates, leaf first.
    ///   - key: the private key.
    ///   - index: the certificate's place in the settings.
    /// - Returns: the certificate.
    /// - Throws: what is wrong with which part.
    @discardableResult
    func use(chain: [UInt8], key: [UInt8], index: Int) throws(TLSError) -> CertificateChain {
        let certificates: CertificateChain
        do throws(SettingsFault) {
            certificates = try CertificateChain(pem: chain)
            try certificates.checkOrder()
        } catch {
            throw .settings(.certificate(index), error)
        }
        let privateKey: PrivateKey
        do throws(SettingsFault) {
            privateKey = try PrivateKey(pem: key)
        } catch {
            throw .settings(.key(index), error)
        }
        OpenSSLErrors.clear()
        // SAFETY: all are alive during the calls, and the context takes references of its own.
        guard unsafe X509_check_private_key(certificates.leaf, privateKey.handle) == 1 else {
            OpenSSLErrors.clear()
            throw .settings(.key(index), .keyMismatch)
        }
        var isTaken = unsafe SSL_CTX_use_certificate(handle, certificates.leaf) == 1
        isTaken = unsafe isTaken && SSL_CTX_use_PrivateKey(handle, privateKey.handle) == 1
        for intermediate in 1..<max(certificates.count, 1) where isTaken {
            isTaken = unsafe gateway_add_chain_certificate(handle, certificates[intermediate]) == 1
        }
        guard isTaken else {
            throw .settings(.certificate(index), .refused(OpenSSLErrors.take()?.words ?? "no memory left"))
        }
        return certificates
    }
}
