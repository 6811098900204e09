internal import COpenSSL

/// The key derivation function scrypt (RFC 7914).
enum Scrypt {
    /// Derives a key; takes tens of milliseconds and 128 · N · r bytes, so never on an event loop.
    ///
    /// - Parameters:
    ///   - password: the password.
    ///   - salt: the salt.
    ///   - cost: N, a power of two.
    ///   - blockSize: r.
    ///   - parallelism: p.
    ///   - count: how many bytes are wanted.
    /// - Returns: the key, or nil if there is not enough memory.
    static func key(
        _ password: Span<UInt8>, salt: Span<UInt8>, cost: UInt64, blockSize: UInt64, parallelism: UInt64, count: Int
    ) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: count)
        // What the function allocates, to the byte; OpenSSL's own limit would not do for N = 2^15.
        let memory = 128 * blockSize * (cost + parallelism + 2)
        // SAFETY: the pointers cover the spans and `count` bytes of `key`, and are used only during the call.
        let isDerived = unsafe password.withUnsafeBytes { password in
            unsafe salt.withUnsafeBufferPointer { salt in
                unsafe key.withUnsafeMutableBufferPointer { key in
                    unsafe EVP_PBE_scrypt(
                        password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count,
                        salt.baseAddress, salt.count, cost, blockSize, parallelism, memory, key.baseAddress, key.count)
                }
            }
        }
        ERR_clear_error()
        return isDerived == 1 ? key : nil
    }

    /// Whether both hold the same bytes, in a time that depends on their lengths only.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        // SAFETY: both arrays have as many bytes as are compared.
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}
