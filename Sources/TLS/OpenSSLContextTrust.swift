internal import COpenSSL

extension OpenSSLContext {
    /// Lets a client check who the server is, and ask for it by name.
    ///
    /// - Throws: what is wrong with the settings.
    func verifyServer(_ name: UpstreamName, _ settings: ClientTLSSettings) throws(TLSError) {
        if let authorities = settings.authorities { try trust(authorities) }
        guard settings.verifies else {
            // SAFETY: the context is alive.
            return unsafe SSL_CTX_set_verify(handle, SSL_VERIFY_NONE, nil)
        }
        // SAFETY: the calls copy what they are given; the parameters belong to the context.
        unsafe SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        if settings.authorities == nil, unsafe SSL_CTX_set_default_verify_paths(handle) != 1 { throw .noResources }
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

extension OpenSSLContext {
    /// Lets a server ask clients for a certificate, as far as `settings` say.
    ///
    /// Each certificate of a chain but the trusted one is looked up in the list of its issuer, where there are lists: one
    /// that has expired, or that is not there, refuses.
    ///
    /// - Returns: when the first of the lists ceases to be good, in seconds since 1970.
    /// - Throws: what is wrong with the settings.
    func verifyClients(_ settings: ServerTLSSettings) throws(TLSError) -> Int64 {
        let mode: Int32
        switch settings.clientCertificate {
        case .none: return .max
        case .optional: mode = SSL_VERIFY_PEER
        case .required: mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
        }
        let authorities = try trust(settings.clientAuthorities)
        for index in 0..<authorities.count {
            // SAFETY: the name is copied.
            guard unsafe SSL_CTX_add_client_CA(handle, authorities[index]) == 1 else { throw .noResources }
        }
        // SAFETY: the callback looks only at what it is given.
        unsafe SSL_CTX_set_verify(handle, mode) { unsafe acceptAnchor($0, $1) }
        guard unsafe SSL_CTX_set_purpose(handle, X509_PURPOSE_SSL_CLIENT) == 1 else { throw .noResources }
        guard let revocations = settings.clientRevocations else { return .max }
        do throws(SettingsFault) {
            return try refuse(revocations)
        } catch {
            throw .settings(.revocations, error)
        }
    }

    private func refuse(_ revocations: [UInt8]) throws(SettingsFault) -> Int64 {
        // SAFETY: the store belongs to the context, and takes a reference of its own to each list.
        let store = unsafe SSL_CTX_get_cert_store(handle)
        var end: Int64?
        let failure = unsafe PEMReader.forEach(in: revocations) { input in
            guard let list = unsafe PEM_read_bio_X509_CRL(input, nil, gateway_no_password, nil) else { return false }
            defer { unsafe X509_CRL_free(list) }
            unsafe end = min(end ?? .max, CalendarTime.seconds(X509_CRL_get0_nextUpdate(list)) ?? .max)
            return unsafe X509_STORE_add_crl(store, list) == 1
        }
        if let failure { throw failure }
        guard let end else { throw .noRevocations }
        // SAFETY: the store belongs to the context.
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
        return end
    }
}

/// Lets a trusted certificate at the end of a chain do without a list: the operator's word is enough for it.
private func acceptAnchor(_ isGood: Int32, _ verification: OpaquePointer?) -> Int32 {
    // SAFETY: OpenSSL keeps the verification alive during the call.
    guard isGood == 0, unsafe X509_STORE_CTX_get_error(verification) == X509_V_ERR_UNABLE_TO_GET_CRL else {
        return isGood
    }
    let depth = unsafe X509_STORE_CTX_get_error_depth(verification)
    guard depth > 0, unsafe depth == gateway_certificate_count(X509_STORE_CTX_get0_chain(verification)) - 1 else {
        return 0
    }
    unsafe X509_STORE_CTX_set_error(verification, X509_V_OK)
    return 1
}
