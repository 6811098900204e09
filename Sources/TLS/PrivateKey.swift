internal import COpenSSL

/// A private key for TLS, as OpenSSL holds it.
// SAFETY: the key is alive as long as this object, which frees it in `deinit`.
@safe
final class PrivateKey {
    let handle: OpaquePointer

    /// - Parameter pem: PKCS #8 or the traditional forms, without a passphrase; other blocks are passed over.
    /// - Throws: `.noKey`, `.encryptedKey`, and what OpenSSL says of a key that it does not take.
    init(pem: [UInt8]) throws(SettingsFault) {
        var isEncrypted = false
        OpenSSLErrors.clear()
        // SAFETY: the key that was read has no other owner; the callback writes to the flag during the call.
        let key =
            unsafe PEMReader.withInput(pem) { input in
                unsafe PEM_read_bio_PrivateKey(input, nil, gateway_no_password, &isEncrypted)
            } ?? nil
        let failure = OpenSSLErrors.take()
        guard let key = unsafe key else {
            if isEncrypted { throw .encryptedKey }
            // Where nothing looks like a key to any of OpenSSL's decoders, they say "unsupported".
            guard let failure, failure.library != ERR_LIB_PEM, failure.library != ERR_LIB_OSSL_DECODER else {
                throw .noKey
            }
            throw .refused(failure.words)
        }
        unsafe handle = key
    }

    deinit {
        // SAFETY: contexts hold references of their own.
        unsafe EVP_PKEY_free(handle)
    }
}
