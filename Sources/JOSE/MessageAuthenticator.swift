internal import COpenSSL

/// Makes and checks the HMAC of messages under one secret (RFC 2104, RFC 7518 §3.2); the key is set up once.
///
/// Not Sendable: the context belongs to one thread.
// SAFETY: the context is made in `init`, alive as long as this object, and freed in `deinit`.
@safe
package final class MessageAuthenticator: SignatureChecker {
    private let context: OpaquePointer
    private let size: Int

    /// Makes nil if the algorithm has no HMAC, the secret is too short, or OpenSSL refuses.
    ///
    /// - Parameters:
    ///   - secret: the key, at least as long as the algorithm's hash.
    ///   - algorithm: an algorithm with HMAC.
    package init?(secret: [UInt8], algorithm: SignatureAlgorithm) {
        guard let minimum = algorithm.minimumSecretSize, secret.count >= minimum, let hash = algorithm.hash else {
            return nil
        }
        // SAFETY: OpenSSL copies the key and the name during the call.
        let context = unsafe secret.withUnsafeBufferPointer {
            unsafe gateway_hmac_context(Self.algorithm, hash.name, $0.baseAddress, $0.count)
        }
        guard let context = unsafe context else {
            ERR_clear_error()
            return nil
        }
        unsafe self.context = context
        size = hash.size
    }

    deinit {
        // SAFETY: this object owns the context.
        unsafe EVP_MAC_CTX_free(context)
    }

    /// The HMAC of `input`, or nil if OpenSSL cannot make it.
    package func tag(of input: Span<UInt8>) -> [UInt8]? {
        var tag = [UInt8](repeating: 0, count: size)
        var count = 0
        // SAFETY: the context keeps its key when it is set up again without one; the pointers are used only during the
        // calls, of which the last writes at most `size` bytes.
        let isMade = unsafe input.withUnsafeBufferPointer { input in
            unsafe EVP_MAC_init(context, nil, 0, nil) == 1
                && EVP_MAC_update(context, input.baseAddress, input.count) == 1
                && EVP_MAC_final(context, &tag, &count, size) == 1
        }
        if !isMade { ERR_clear_error() }
        return isMade && count == size ? tag : nil
    }

    func accepts(_ signature: Span<UInt8>, of input: Span<UInt8>) -> Bool {
        guard signature.count == size, let tag = tag(of: input) else { return false }
        // SAFETY: both have `size` bytes. The time that the comparison takes does not depend on them.
        return unsafe signature.withUnsafeBufferPointer { unsafe CRYPTO_memcmp($0.baseAddress, tag, size) == 0 }
    }

    // SAFETY: an EVP_MAC does not change once it is fetched, and this one is never freed.
    private nonisolated(unsafe) static let algorithm = unsafe EVP_MAC_fetch(nil, "HMAC", nil)
}
