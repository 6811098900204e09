internal import Bytes
internal import COpenSSL

/// Checks signatures with one public key and algorithm; the OpenSSL context is set up once and used again and again.
///
/// Not Sendable: a context belongs to one thread.
// SAFETY: the contexts are made in `init`, alive as long as this object, and freed in `deinit`.
@safe
final class PublicKeyChecker: SignatureChecker {
    private let key: PublicKey
    private let algorithm: SignatureAlgorithm
    /// For RSA and ECDSA, set up for verifying digests; otherwise nil.
    private let context: OpaquePointer?
    /// For Edwards curves; otherwise nil.
    private let messageContext: OpaquePointer?
    private var digest: [UInt8]
    private var encoded: [UInt8] = []

    /// - Parameters:
    ///   - key: the public key.
    ///   - algorithm: an algorithm that fits it.
    init?(key: PublicKey, algorithm: SignatureAlgorithm) {
        guard algorithm.fits(key.type) else { return nil }
        self.key = key
        self.algorithm = algorithm
        digest = [UInt8](repeating: 0, count: algorithm.hash?.size ?? 0)
        guard let hash = algorithm.hash else {
            // SAFETY: freed in `deinit`.
            unsafe context = nil
            unsafe messageContext = EVP_MD_CTX_new()
            return
        }
        unsafe messageContext = nil
        // SAFETY: the context takes its own reference to the key.
        unsafe context = EVP_PKEY_CTX_new_from_pkey(nil, key.handle, nil)
        guard prepare(hash) else { return nil }
    }

    deinit {
        // SAFETY: this object owns both; OpenSSL takes a null pointer as nothing to free.
        unsafe EVP_PKEY_CTX_free(context)
        unsafe EVP_MD_CTX_free(messageContext)
    }

    private func prepare(_ hash: MessageDigest) -> Bool {
        // SAFETY: the context is alive, and null contexts are refused by OpenSSL.
        guard unsafe EVP_PKEY_verify_init(context) == 1 else { return false }
        if algorithm.scheme == .rsaPKCS1 {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 else { return false }
        }
        if algorithm.scheme == .rsaPSS {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash.implementation) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(context, Int32(hash.size)) == 1
            else { return false }
        }
        return unsafe EVP_PKEY_CTX_set_signature_md(context, hash.implementation) == 1
    }

    /// Whether `signature` is the key's signature of `input` (RFC 7518 §3, RFC 8037 §3.1).
    func accepts(_ signature: Span<UInt8>, of input: Span<UInt8>) -> Bool {
        let accepted =
            switch algorithm.scheme {
            case .rsaPKCS1, .rsaPSS:
                signature.count == key.modulusSize && hash(input) && verifyDigest(with: signature)
            case .ecdsa:
                encodeECDSA(signature) && hash(input) && verifyDigestWithEncoded()
            case .edwards:
                signature.count == key.type.size * 2 && verifyMessage(input, with: signature)
            case .hmac:
                false
            }
        if !accepted { ERR_clear_error() }
        return accepted
    }

    private func hash(_ input: Span<UInt8>) -> Bool {
        guard let hash = algorithm.hash else { return false }
        // SAFETY: `digest` has the size of the function's digests, and both pointers are used only during the call.
        return unsafe input.withUnsafeBufferPointer { source in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                if hash == .sha256 {
                    unsafe gateway_sha256(source.baseAddress, source.count, digest.baseAddress)
                    return true
                }
                return unsafe EVP_Digest(
                    source.baseAddress, source.count, digest.baseAddress, nil, hash.implementation, nil) == 1
            }
        }
    }

    private func verifyDigest(with signature: Span<UInt8>) -> Bool {
        // SAFETY: the context was set up by `prepare`; the pointers are used only during the call.
        unsafe signature.withUnsafeBufferPointer { signature in
            unsafe digest.withUnsafeBufferPointer { digest in
                unsafe EVP_PKEY_verify(
                    context, signature.baseAddress, signature.count, digest.baseAddress, digest.count) == 1
            }
        }
    }

    private func verifyDigestWithEncoded() -> Bool {
        let signature = encoded
        return verifyDigest(with: signature.span)
    }

    private func verifyMessage(_ input: Span<UInt8>, with signature: Span<UInt8>) -> Bool {
        // SAFETY: the context is alive and reset before each use; the pointers are used only during the call.
        guard unsafe EVP_MD_CTX_reset(messageContext) == 1,
            unsafe EVP_DigestVerifyInit_ex(messageContext, nil, nil, nil, nil, key.handle, nil) == 1
        else { return false }
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe input.withUnsafeBufferPointer { input in
                unsafe EVP_DigestVerify(
                    messageContext, signature.baseAddress, signature.count, input.baseAddress, input.count) == 1
            }
        }
    }

    /// Writes `signature`, r and s one after the other (RFC 7518 §3.4), into `encoded` in the form that OpenSSL reads.
    ///
    /// - Returns: false if the length is not that of the curve, or r or s is zero.
    private func encodeECDSA(_ signature: Span<UInt8>) -> Bool {
        let size = key.type.size
        guard signature.count == 2 * size else { return false }
        encoded.removeAll(keepingCapacity: true)
        let r = signature.extracting(0..<size)
        let s = signature.extracting(size..<2 * size)
        guard let rStart = Self.firstNonZero(r), let sStart = Self.firstNonZero(s) else { return false }
        let rSize = Self.integerSize(r, from: rStart)
        let sSize = Self.integerSize(s, from: sStart)
        encoded.append(0x30)
        let contentSize = rSize + sSize + 4
        if contentSize >= 0x80 { encoded.append(0x81) }
        encoded.append(UInt8(contentSize))
        appendInteger(r, from: rStart, size: rSize)
        appendInteger(s, from: sStart, size: sSize)
        return true
    }

    private static func firstNonZero(_ bytes: Span<UInt8>) -> Int? {
        for index in bytes.indices where bytes[index] != 0 { return index }
        return nil
    }

    /// The size of the integer in DER, where the most significant bit is the sign.
    private static func integerSize(_ bytes: Span<UInt8>, from start: Int) -> Int {
        bytes.count - start + (bytes[start] >= 0x80 ? 1 : 0)
    }

    private func appendInteger(_ bytes: Span<UInt8>, from start: Int, size: Int) {
        encoded.append(0x02)
        encoded.append(UInt8(size))
        if bytes[start] >= 0x80 { encoded.append(0) }
        encoded.append(bytes.extracting(start..<bytes.count))
    }
}
