import COpenSSL

/// A certificate and its key as PEM, made for a test.
struct Minted: Sendable, Equatable {
    var certificate: [UInt8]
    var key: [UInt8]
}

/// Makes certificates, revocations and OCSP responses.
enum CertificateMint {
    enum KeyKind: Sendable, Hashable {
        case p256
        case rsa(bits: Int32)
    }

    /// What stands in a certificate.
    struct Form: Sendable {
        var commonName: String
        /// The subjectAltName in OpenSSL's notation, such as `DNS:a.example`; nil for none.
        var names: String?
        var isAuthority = false
        /// The extended key usage in OpenSSL's notation; nil for none.
        var usage: String?
        /// Seconds from now.
        var notBefore = -3600
        var notAfter = 86400
        var serial = 1
        var key = KeyKind.p256
        var digest = "SHA256"

        init(_ commonName: String, names: String? = nil) {
            self.commonName = commonName
            self.names = names
        }
    }

    /// - Parameters:
    ///   - form: what stands in it.
    ///   - issuer: who signs it; nil for the certificate itself.
    /// - Returns: the certificate with its key.
    static func make(_ form: Form, by issuer: Minted? = nil) -> Minted {
        // SAFETY: everything that is made here is freed here; OpenSSL copies what it is given.
        unsafe withKey(form.key) { key in
            let certificate = unsafe X509_new()
            defer { unsafe X509_free(certificate) }
            unsafe X509_set_version(certificate, 2)
            unsafe ASN1_INTEGER_set(X509_get_serialNumber(certificate), form.serial)
            unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), form.notBefore)
            unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), form.notAfter)
            unsafe X509_set_pubkey(certificate, key)
            let subject = unsafe X509_get_subject_name(certificate)
            unsafe X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, form.commonName, -1, -1, 0)
            unsafe add(NID_basic_constraints, form.isAuthority ? "critical,CA:TRUE" : "CA:FALSE", to: certificate)
            if let names = form.names { unsafe add(NID_subject_alt_name, names, to: certificate) }
            if let usage = form.usage { unsafe add(NID_ext_key_usage, usage, to: certificate) }
            let digest = unsafe EVP_get_digestbyname(form.digest)
            if let issuer {
                unsafe withParsed(issuer) { authority, authorityKey in
                    unsafe X509_set_issuer_name(certificate, X509_get_subject_name(authority))
                    unsafe X509_sign(certificate, authorityKey, digest)
                }
            } else {
                unsafe X509_set_issuer_name(certificate, subject)
                unsafe X509_sign(certificate, key, digest)
            }
            return unsafe Minted(
                certificate: text { unsafe PEM_write_bio_X509($0, certificate) },
                key: text { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) })
        }
    }

    /// A list of revoked certificates, as PEM.
    ///
    /// - Parameters:
    ///   - serials: which certificates.
    ///   - authority: who issued and now revokes them.
    ///   - nextUpdate: seconds from now.
    /// - Returns: the list.
    static func revocations(of serials: [Int], by authority: Minted, nextUpdate: Int = 86400) -> [UInt8] {
        // SAFETY: everything that is made here is freed here, or belongs to the list from then on.
        unsafe withParsed(authority) { certificate, key in
            let list = unsafe X509_CRL_new()
            defer { unsafe X509_CRL_free(list) }
            unsafe X509_CRL_set_version(list, 1)
            unsafe X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate))
            let time = unsafe X509_gmtime_adj(nil, -7200)
            defer { unsafe ASN1_STRING_free(time) }
            unsafe X509_CRL_set1_lastUpdate(list, time)
            unsafe X509_gmtime_adj(time, nextUpdate)
            unsafe X509_CRL_set1_nextUpdate(list, time)
            for serial in serials {
                let revoked = unsafe X509_REVOKED_new()
                let number = unsafe ASN1_INTEGER_new()
                defer { unsafe ASN1_INTEGER_free(number) }
                unsafe ASN1_INTEGER_set(number, serial)
                unsafe X509_REVOKED_set_serialNumber(revoked, number)
                unsafe X509_gmtime_adj(time, -3600)
                unsafe X509_REVOKED_set_revocationDate(revoked, time)
                unsafe X509_CRL_add0_revoked(list, revoked)
            }
            unsafe X509_CRL_sign(list, key, EVP_sha256())
            return unsafe text { unsafe PEM_write_bio_X509_CRL($0, list) }
        }
    }

    /// A good OCSP response, as DER.
    ///
    /// - Parameters:
    ///   - certificate: what it is about.
    ///   - authority: who issued that and now answers.
    ///   - nextUpdate: seconds from now.
    /// - Returns: the response.
    static func response(for certificate: Minted, by authority: Minted, nextUpdate: Int = 86400) -> [UInt8] {
        // SAFETY: everything that is made here is freed here, or belongs to the response from then on.
        unsafe withParsed(certificate) { leaf, _ in
            unsafe withParsed(authority) { issuer, key in
                let basic = unsafe OCSP_BASICRESP_new()
                defer { unsafe OCSP_BASICRESP_free(basic) }
                let id = unsafe OCSP_cert_to_id(nil, leaf, issuer)
                defer { unsafe OCSP_CERTID_free(id) }
                let (begin, end) = unsafe (X509_gmtime_adj(nil, -7200), X509_gmtime_adj(nil, nextUpdate))
                unsafe OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nil, begin, end)
                unsafe ASN1_STRING_free(begin)
                unsafe ASN1_STRING_free(end)
                unsafe OCSP_basic_sign(basic, issuer, key, EVP_sha256(), nil, 0)
                let response = unsafe OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic)
                defer { unsafe OCSP_RESPONSE_free(response) }
                var bytes: UnsafeMutablePointer<UInt8>?
                let count = unsafe i2d_OCSP_RESPONSE(response, &bytes)
                defer { unsafe CRYPTO_free(bytes, nil, 0) }
                return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
            }
        }
    }

    /// The key of `minted` behind a passphrase, as PEM.
    static func encryptedKey(of minted: Minted) -> [UInt8] {
        // SAFETY: the passphrase is copied.
        unsafe withParsed(minted) { _, key in
            unsafe text { output in
                var passphrase = Array("secret".utf8)
                return unsafe PEM_write_bio_PKCS8PrivateKey(
                    output, key, EVP_aes_256_cbc(), nil, 0,
                    { buffer, size, _, _ in
                        unsafe buffer?.pointee = 65
                        return min(size, 1)
                    }, &passphrase)
            }
        }
    }

    private static func add(_ number: Int32, _ value: String, to certificate: OpaquePointer?) {
        // SAFETY: the extension is copied into the certificate and freed here.
        let one = unsafe X509V3_EXT_conf_nid(nil, nil, number, value)
        precondition(unsafe one != nil, "no extension \(value)")
        unsafe X509_add_ext(certificate, one, -1)
        unsafe X509_EXTENSION_free(one)
    }

    private static func withKey<Result>(_ kind: KeyKind, _ body: (OpaquePointer) -> Result) -> Result {
        let name = if case .rsa = kind { "RSA" } else { "EC" }
        // SAFETY: the context and the key are freed here.
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, name, nil)
        defer { unsafe EVP_PKEY_CTX_free(context) }
        unsafe EVP_PKEY_keygen_init(context)
        switch kind {
        case .p256: unsafe EVP_PKEY_CTX_set_group_name(context, "P-256")
        case .rsa(let bits): unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits)
        }
        var key: OpaquePointer?
        unsafe EVP_PKEY_generate(context, &key)
        guard let key = unsafe key else { preconditionFailure("no key") }
        defer { unsafe EVP_PKEY_free(key) }
        return unsafe body(key)
    }

    static func withParsed<Result>(_ minted: Minted, _ body: (OpaquePointer, OpaquePointer) -> Result) -> Result {
        // SAFETY: the BIO reads the text during these calls only; what was read is freed here.
        let certificate = unsafe minted.certificate.withUnsafeBufferPointer { text in
            let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count))
            defer { unsafe BIO_free(input) }
            return unsafe PEM_read_bio_X509(input, nil, nil, nil)
        }
        let key = unsafe minted.key.withUnsafeBufferPointer { text in
            let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count))
            defer { unsafe BIO_free(input) }
            return unsafe PEM_read_bio_PrivateKey(input, nil, nil, nil)
        }
        guard let certificate = unsafe certificate, let key = unsafe key else { preconditionFailure("not minted") }
        defer {
            unsafe X509_free(certificate)
            unsafe EVP_PKEY_free(key)
        }
        return unsafe body(certificate, key)
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
        // SAFETY: the BIO owns the memory until it is freed, after the bytes were copied.
        let output = unsafe BIO_new(BIO_s_mem())
        defer { unsafe BIO_free(output) }
        let isWritten = unsafe write(output) == 1
        precondition(isWritten, "nothing was written")
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe gateway_bio_memory(output, &start)
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }
}
