internal import Bytes
internal import COpenSSL

/// A certificate and its intermediates, as OpenSSL holds them.
// SAFETY: the certificates are alive as long as this object, which frees them in `deinit`; nothing changes them.
@safe
final class CertificateChain {
    /// `STACK_OF(X509)`, leaf first, never empty.
    let handle: OpaquePointer

    /// Reads certificates in PEM form, in any order.
    ///
    /// - Throws: `.noCertificate`, and what OpenSSL says of one that it does not take.
    init(pem: [UInt8]) throws(SettingsFault) {
        // SAFETY: a new stack has no other owner.
        guard let stack = unsafe gateway_certificates_new() else { throw .refused("no memory left") }
        unsafe handle = stack
        let failure = unsafe PEMReader.forEach(in: pem) { input in
            // SAFETY: the stack takes a reference of its own to what was read, and the input is alive during the call.
            guard let certificate = unsafe PEM_read_bio_X509(input, nil, gateway_no_password, nil) else { return false }
            defer { unsafe X509_free(certificate) }
            return unsafe gateway_certificates_add(stack, certificate) == 1
        }
        if let failure { throw failure }
        guard count > 0 else { throw .noCertificate }
    }

    deinit {
        // SAFETY: nobody else owns the stack; contexts hold references of their own to the certificates.
        unsafe gateway_certificates_free(handle)
    }

    // SAFETY: the stack is alive as long as this object.
    var count: Int { unsafe Int(gateway_certificate_count(handle)) }

    /// The certificate at `index`, alive as long as this object; null beyond the end.
    subscript(index: Int) -> OpaquePointer? {
        // SAFETY: OpenSSL checks the index.
        unsafe gateway_certificate_at(handle, Int32(index))
    }

    /// The certificate itself.
    // SAFETY: the stack is never empty.
    var leaf: OpaquePointer? { unsafe self[0] }

    /// Checks that each certificate issued the one before it.
    ///
    /// - Throws: `.brokenChain`.
    func checkOrder() throws(SettingsFault) {
        for index in 1..<max(count, 1) {
            // SAFETY: both are alive as long as this object.
            guard unsafe X509_check_issued(self[index], self[index - 1]) == X509_V_OK else {
                throw .brokenChain(number: index + 1)
            }
        }
    }

    /// The names that the leaf is for, in lower case: those of the DNS in its subjectAltName, or else its common name
    /// (RFC 6125 section 6.4.4).
    var names: [[UInt8]] {
        // SAFETY: the extension's copy is freed after its names were copied; the subject belongs to the certificate.
        let alternatives = unsafe OpaquePointer(X509_get_ext_d2i(leaf, NID_subject_alt_name, nil, nil))
        defer { OpenSSLErrors.clear() }
        guard let alternatives = unsafe alternatives else { return commonName.map { [$0] } ?? [] }
        defer { unsafe GENERAL_NAMES_free(alternatives) }
        return unsafe (0..<gateway_name_count(alternatives)).compactMap { index in
            var count = 0
            guard let start = unsafe gateway_dns_name(alternatives, index, &count) else { return nil }
            return unsafe Array(UnsafeBufferPointer(start: start, count: count)).map(\.lowercasedASCII)
        }
    }

    private var commonName: [UInt8]? {
        // SAFETY: the entry and its text belong to the certificate, and the text is copied.
        let subject = unsafe X509_get_subject_name(leaf)
        let index = unsafe X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0, let text = unsafe X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)),
            let start = unsafe ASN1_STRING_get0_data(text)
        else { return nil }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(text))))
            .map(\.lowercasedASCII)
    }

    /// The type of the leaf's key, as OpenSSL numbers it.
    var keyType: Int32 {
        // SAFETY: the certificate keeps its key.
        unsafe EVP_PKEY_get_base_id(X509_get0_pubkey(leaf))
    }

    /// When the leaf begins to be good, in seconds since 1970.
    // SAFETY: the time belongs to the certificate.
    var notBefore: Int64 { unsafe CalendarTime.seconds(X509_get0_notBefore(leaf)) ?? .max }

    /// When the leaf ceases to be good, in seconds since 1970.
    // SAFETY: the time belongs to the certificate.
    var notAfter: Int64 { unsafe CalendarTime.seconds(X509_get0_notAfter(leaf)) ?? .min }
}
