internal import Bytes
internal import COpenSSL

/// Takes OpenSSL's keys and signatures apart for JWK (RFC 7517) and JWS (RFC 7515).
enum KeyParts {
    /// The type of a key, or nil if it signs no tokens.
    static func type(of key: OpaquePointer) -> KeyType? {
        // SAFETY: the caller keeps the key alive.
        if unsafe EVP_PKEY_is_a(key, "RSA") == 1 { return .rsa }
        if unsafe EVP_PKEY_is_a(key, "ED25519") == 1 { return .ed25519 }
        if unsafe EVP_PKEY_is_a(key, "ED448") == 1 { return .ed448 }
        guard unsafe EVP_PKEY_is_a(key, "EC") == 1 else { return nil }
        var name = [CChar](repeating: 0, count: 64)
        var size = 0
        // SAFETY: OpenSSL writes at most the given number of characters, the end mark included.
        guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &size) == 1 else { return nil }
        switch String(decoding: name.prefix(size).map(UInt8.init(bitPattern:)), as: UTF8.self) {
        case "prime256v1": return .p256
        case "secp384r1": return .p384
        case "secp521r1": return .p521
        default: return nil
        }
    }

    /// The members of the public key's JWK that its thumbprint covers, in their order (RFC 7638 §3.2), as JSON.
    static func requiredMembers(of key: OpaquePointer, type: KeyType) -> String? {
        // SAFETY: the caller keeps the key alive.
        switch type {
        case .rsa:
            guard let exponent = unsafe number("e", of: key), let modulus = unsafe number("n", of: key) else {
                return nil
            }
            return "\"e\":\"\(exponent)\",\"kty\":\"RSA\",\"n\":\"\(modulus)\""
        case .p256, .p384, .p521:
            guard let x = unsafe number("qx", of: key, size: type.size),
                let y = unsafe number("qy", of: key, size: type.size)
            else { return nil }
            return "\"crv\":\"\(type.name)\",\"kty\":\"EC\",\"x\":\"\(x)\",\"y\":\"\(y)\""
        case .ed25519, .ed448:
            var size = type.size
            var bytes = [UInt8](repeating: 0, count: size)
            // SAFETY: `size` is the room in `bytes`.
            guard unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &size) == 1 else { return nil }
            let curve = type == .ed25519 ? "Ed25519" : "Ed448"
            return "\"crv\":\"\(curve)\",\"kty\":\"OKP\",\"x\":\"\(Base64URL.text(bytes))\""
        }
    }

    /// A number of the key in base64url, padded to `size` bytes if it is given.
    private static func number(_ name: String, of key: OpaquePointer, size: Int? = nil) -> String? {
        var number: OpaquePointer?
        // SAFETY: the caller keeps the key alive; the number is freed on every path.
        guard unsafe EVP_PKEY_get_bn_param(key, name, &number) == 1 else { return nil }
        defer { unsafe BN_free(number) }
        let count = unsafe size ?? Int(BN_num_bits(number) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe BN_bn2binpad(number, &bytes, Int32(count)) == Int32(count) else { return nil }
        return Base64URL.text(bytes)
    }

    /// The two numbers of an ECDSA signature in DER, one after the other (RFC 7518 §3.4).
    static func joined(_ signature: [UInt8], size: Int) -> [UInt8]? {
        var joined = [UInt8](repeating: 0, count: 2 * size)
        // SAFETY: the numbers belong to `parts`, which is freed after they were copied; each call writes `size` bytes
        // at an offset that leaves room for them.
        let isJoined = unsafe signature.withUnsafeBufferPointer { source in
            var start = source.baseAddress
            guard let parts = unsafe d2i_ECDSA_SIG(nil, &start, source.count) else { return false }
            defer { unsafe ECDSA_SIG_free(parts) }
            return unsafe joined.withUnsafeMutableBufferPointer { joined in
                guard let base = joined.baseAddress else { return false }
                return unsafe BN_bn2binpad(ECDSA_SIG_get0_r(parts), base, Int32(size)) == Int32(size)
                    && BN_bn2binpad(ECDSA_SIG_get0_s(parts), base + size, Int32(size)) == Int32(size)
            }
        }
        return isJoined ? joined : nil
    }
}
