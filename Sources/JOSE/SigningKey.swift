package import Bytes
internal import COpenSSL

/// Why a signing key is not to be had.
package enum SigningKeyError: Error, Equatable, Sendable {
    /// The text holds no private key in PEM form without a password.
    case notAPrivateKey
    /// The key is of a type that signs no tokens, or an RSA key of less than 2048 bits.
    case unsupportedKey
    /// The algorithm does not fit the type of the key.
    case algorithmDoesNotFit
    /// The key could not be made.
    case generationFailed
    /// The file could not be read or written.
    case file(FileError)

    /// The fault in words for an operator.
    package var message: String {
        switch self {
        case .notAPrivateKey: "no private key in PEM form without a password"
        case .unsupportedKey: "a key of a type or size that signs no tokens"
        case .algorithmDoesNotFit: "the algorithm does not fit the key"
        case .generationFailed: "no key could be made"
        case .file(let error): error.message
        }
    }
}

/// A private key that signs tokens.
// SAFETY: the handle is alive as long as this object, which frees it in `deinit`.
@safe
package final class SigningKey: @unchecked Sendable {
    /// The algorithm that tokens are signed with.
    package let algorithm: SignatureAlgorithm
    /// The key's name in tokens and in its JWK: its thumbprint (RFC 7638).
    package let keyID: String
    private let handle: OpaquePointer
    let type: KeyType
    /// The members of the public key's JWK that RFC 7638 §3.2 asks for, in their order, as JSON.
    private let requiredMembers: String

    /// Makes a new key.
    ///
    /// - Parameter algorithm: the algorithm that tokens will be signed with; RSA keys get 2048 bits.
    /// - Throws: `SigningKeyError.generationFailed`.
    package convenience init(generating algorithm: SignatureAlgorithm = .es256) throws(SigningKeyError) {
        // SAFETY: a new key has no other owner.
        guard let handle = unsafe Self.generate(algorithm) else { throw .generationFailed }
        try unsafe self.init(owning: handle, algorithm: algorithm)
    }

    /// Takes a key from PEM text.
    ///
    /// - Parameters:
    ///   - pem: PKCS #8 or the traditional forms, without a password.
    ///   - algorithm: the algorithm to sign with; nil means the usual one for the type of the key.
    /// - Throws: `SigningKeyError` if there is no such key in the text, or it does not fit.
    package convenience init(pem: Span<UInt8>, algorithm: SignatureAlgorithm? = nil) throws(SigningKeyError) {
        // SAFETY: the BIO reads the text during the calls in this closure only. An empty password keeps OpenSSL from
        // asking for one on the terminal.
        let handle = unsafe pem.withUnsafeBufferPointer { text -> OpaquePointer? in
            guard let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(clamping: text.count)) else { return nil }
            defer { unsafe BIO_free(input) }
            var password: CChar = 0
            return unsafe PEM_read_bio_PrivateKey(input, nil, nil, &password)
        }
        ERR_clear_error()
        guard let handle = unsafe handle else { throw .notAPrivateKey }
        try unsafe self.init(owning: handle, algorithm: algorithm)
    }

    private init(owning handle: OpaquePointer, algorithm: SignatureAlgorithm?) throws(SigningKeyError) {
        // SAFETY: the key belongs to this object, which is what the caller promises, and lives as long.
        unsafe self.handle = handle
        guard let type = unsafe KeyParts.type(of: handle), unsafe type != .rsa || EVP_PKEY_get_bits(handle) >= 2048,
            let members = unsafe KeyParts.requiredMembers(of: handle, type: type)
        else {
            self.algorithm = .es256
            self.type = .p256
            (keyID, requiredMembers) = ("", "")
            throw .unsupportedKey
        }
        self.type = type
        self.algorithm = algorithm ?? Self.usualAlgorithm(for: type)
        requiredMembers = members
        keyID = Base64URL.text(SHA256.hash(Array("{\(members)}".utf8).span).bytes)
        guard self.algorithm.fits(type) else { throw .algorithmDoesNotFit }
    }

    deinit {
        // SAFETY: this object owns the key and nobody else can have it any more.
        unsafe EVP_PKEY_free(handle)
    }

    private static func usualAlgorithm(for type: KeyType) -> SignatureAlgorithm {
        switch type {
        case .rsa: .rs256
        case .p256: .es256
        case .p384: .es384
        case .p521: .es512
        case .ed25519, .ed448: .edDSA
        }
    }

    private static func generate(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
        let (typeName, group): (String, String?) =
            switch algorithm {
            case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: ("RSA", nil)
            case .es256: ("EC", KeyType.p256.name)
            case .es384: ("EC", KeyType.p384.name)
            case .es512: ("EC", KeyType.p521.name)
            case .edDSA, .ed25519: (KeyType.ed25519.name, nil)
            case .ed448: (KeyType.ed448.name, nil)
            case .hs256, .hs384, .hs512: ("", nil)
            }
        // SAFETY: the context is freed on every path, and `key` is written only on success.
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, typeName, nil) else { return nil }
        defer {
            unsafe EVP_PKEY_CTX_free(context)
            ERR_clear_error()
        }
        guard unsafe EVP_PKEY_keygen_init(context) == 1 else { return nil }
        if let group { guard unsafe EVP_PKEY_CTX_set_group_name(context, group) == 1 else { return nil } }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_generate(context, &key) == 1 else { return nil }
        return unsafe key
    }
}

extension SigningKey {
    /// The key as PEM text (PKCS #8, without a password).
    ///
    /// - Throws: `SigningKeyError.generationFailed` if OpenSSL cannot write it.
    package func pem() throws(SigningKeyError) -> [UInt8] {
        // SAFETY: the BIO owns the memory until it is freed, after the bytes were copied.
        guard let output = unsafe BIO_new(BIO_s_secmem()) else { throw .generationFailed }
        defer { unsafe BIO_free(output) }
        guard unsafe PEM_write_bio_PrivateKey(output, handle, nil, nil, 0, nil, nil) == 1 else {
            throw .generationFailed
        }
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe gateway_bio_memory(output, &start)
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }

    /// A JWK Set with the public key only (RFC 7517 §5), as JSON.
    package func publicKeySet() -> [UInt8] {
        let names = "\"use\":\"sig\",\"alg\":\"\(algorithm.name)\",\"kid\":\"\(keyID)\""
        return Array("{\"keys\":[{\(requiredMembers),\(names)}]}".utf8)
    }

    /// Signs a token.
    ///
    /// - Parameters:
    ///   - claims: the claims, a JSON object.
    ///   - type: the value of `typ`, without characters that JSON escapes.
    /// - Returns: the token in the compact serialization (RFC 7515 §7.1), or nil if OpenSSL cannot sign.
    package func token(claims: Span<UInt8>, type: String = "JWT") -> [UInt8]? {
        let header = "{\"alg\":\"\(algorithm.name)\",\"typ\":\"\(type)\",\"kid\":\"\(keyID)\"}"
        return token(header: Array(header.utf8).span, claims: claims)
    }

    /// Signs a token whose header the caller chooses.
    ///
    /// - Parameters:
    ///   - header: the header as it is to be written.
    ///   - claims: the payload as it is to be written.
    /// - Returns: the token in the compact serialization (RFC 7515 §7.1), or nil if OpenSSL cannot sign.
    package func token(header: Span<UInt8>, claims: Span<UInt8>) -> [UInt8]? {
        var token = Base64URL.encode(header)
        token.append(UInt8(ascii: "."))
        token.append(contentsOf: Base64URL.encode(claims))
        guard let signature = signature(of: token.span) else { return nil }
        token.append(UInt8(ascii: "."))
        token.append(contentsOf: Base64URL.encode(signature.span))
        return token
    }

    /// The signature of `input` in the form of RFC 7518 §3 and RFC 8037 §3.1, or nil if OpenSSL cannot sign.
    package func signature(of input: Span<UInt8>) -> [UInt8]? {
        // SAFETY: the contexts are alive until the end of this function; the second belongs to the first.
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer {
            unsafe EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var keyContext: OpaquePointer?
        guard unsafe EVP_DigestSignInit_ex(context, &keyContext, algorithm.hash?.name, nil, nil, handle, nil) == 1
        else { return nil }
        if algorithm.scheme == .rsaPSS, let hash = algorithm.hash {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, Int32(hash.size)) == 1
            else { return nil }
        }
        var size = unsafe Int(EVP_PKEY_get_size(handle))
        var signature = [UInt8](repeating: 0, count: size)
        // SAFETY: `size` is the room in `signature`; the pointers are used only during the call.
        let isSigned = unsafe input.withUnsafeBufferPointer { input in
            unsafe EVP_DigestSign(context, &signature, &size, input.baseAddress, input.count) == 1
        }
        guard isSigned else { return nil }
        signature.removeSubrange(size...)
        return algorithm.scheme == .ecdsa ? KeyParts.joined(signature, size: type.size) : signature
    }
}

extension SigningKey: Equatable {
    /// Whether both are the same key and sign with the same algorithm.
    package static func == (left: SigningKey, right: SigningKey) -> Bool {
        left.keyID == right.keyID && left.algorithm == right.algorithm
    }
}
