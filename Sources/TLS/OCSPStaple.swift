internal import COpenSSL

/// An OCSP response (RFC 6960) that goes with a certificate, so that clients need not ask for it.
struct OCSPStaple {
    /// The response as DER.
    let response: [UInt8]
    /// When it ceases to be good, in seconds since 1970; clients would refuse it afterwards.
    let end: Int64

    /// - Throws: `.notAResponse`, `.otherCertificate`.
    init(_ response: [UInt8], for chain: CertificateChain) throws(SettingsFault) {
        self.response = response
        // SAFETY: what is parsed here is freed here; the parts that are looked at belong to it, and the leaf to the chain.
        let parsed = unsafe response.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return unsafe d2i_OCSP_RESPONSE(nil, &start, bytes.count)
        }
        defer {
            unsafe OCSP_RESPONSE_free(parsed)
            OpenSSLErrors.clear()
        }
        guard let parsed = unsafe parsed, unsafe OCSP_response_status(parsed) == OCSP_RESPONSE_STATUS_SUCCESSFUL,
            let basic = unsafe OCSP_response_get1_basic(parsed)
        else { throw .notAResponse }
        defer { unsafe OCSP_BASICRESP_free(basic) }
        for index in unsafe 0..<OCSP_resp_count(basic) {
            let single = unsafe OCSP_resp_get0(basic, index)
            var serial: UnsafeMutablePointer<ASN1_INTEGER>?
            unsafe OCSP_id_get0_info(nil, nil, nil, &serial, OCSP_SINGLERESP_get0_id(single))
            guard unsafe ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(chain.leaf)) == 0 else { continue }
            var next: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
            _ = unsafe OCSP_single_get0_status(single, nil, nil, nil, &next)
            end = unsafe CalendarTime.seconds(next) ?? .max
            return
        }
        throw .otherCertificate
    }
}
