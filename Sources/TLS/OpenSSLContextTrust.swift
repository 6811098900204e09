internal import COpenSSL

extension OpenSSLContext {
    /// Lets a client check who the server is, and ask for it by name.
    ///
    /// - Throws: what is wrong with the settings.
    func verifyServer(_ name: UpstreamName, _ settings: ClientTLSSettings) throws(TLSError) {
        guard settings.verifies else {
            // SAFETY: the context is alive.
            return unsafe SSL_CTX_set_verify(handle, SSL_VERIFY_NONE, nil)
        }
        // SAFETY: the calls copy what they are given; the parameters belong to the context.
        unsafe SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        if let authorities = settings.authorities {
            try trust(authorities)
        } else if unsafe SSL_CTX_set_default_verify_paths(handle) != 1 {
            throw .noResources
        }
        guard !name.text.isEmpty else { throw .settings(.serverName, .empty) }
        let parameters = unsafe SSL_CTX_get0_param(handle)
        unsafe X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isSet =
            unsafe name.isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.text)
            : X509_VERIFY_PARAM_set1_host(parameters, name.text, 0)
        guard isSet == 1 else { throw .noResources }
    }

    /// Takes the certificates in `pem` for anchors: what one of them issued is good, whether or not it is itself issued by
    /// another one.
    ///
    /// - Returns: the certificates.
    /// - Throws: what is wrong with them.
    @discardableResult
    func trust(_ pem: [UInt8]) throws(TLSError) -> CertificateChain {
        let certificates: CertificateChain
        do throws(SettingsFault) {
            certificates = try CertificateChain(pem: pem)
        } catch {
            throw .settings(.authorities, error)
        }
        // SAFETY: the store belongs to the context, and takes references of its own.
        let store = unsafe SSL_CTX_get_cert_store(handle)
        for index in 0..<certificates.count {
            guard unsafe X509_STORE_add_cert(store, certificates[index]) == 1 else {
                throw .settings(.authorities, .refused(OpenSSLErrors.take()?.words ?? "no memory left"))
            }
        }
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        return certificates
    }
}
