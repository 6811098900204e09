internal import COpenSSL

/// An `SSL_CTX`, with what both directions have in common.
///
/// It belongs to one worker, so that no lock and no reference count of OpenSSL is shared between threads.
// SAFETY: the handle is alive as long as this object, which frees it in `deinit`.
@safe
final class OpenSSLContext {
    let handle: OpaquePointer

    /// What TLS 1.2 may use: forward secrecy and authenticated encryption only, the fastest first.
    private static let ciphers = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
        ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
        ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let cipherSuites = """
        TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
        """
    private static let groups = "X25519:P-256:P-384"
    /// Keys and signatures of less than 112 bits are refused: RSA below 2048 bits, SHA-1.
    private static let securityLevel: Int32 = 2

    /// - Parameters:
    ///   - isServer: which direction.
    ///   - minimumVersion: the oldest version that is spoken.
    /// - Throws: `.noResources`.
    init(isServer: Bool, minimumVersion: TLSVersion) throws(TLSError) {
        // SAFETY: the method is static, and the new context has no other owner.
        guard let handle = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            ERR_clear_error()
            throw .noResources
        }
        unsafe self.handle = handle
        // SAFETY: the calls copy what they are given.
        unsafe SSL_CTX_set_security_level(handle, Self.securityLevel)
        unsafe SSL_CTX_set_options(handle, gateway_tls_options | (isServer ? gateway_tls_server_options : 0))
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        control(SSL_CTRL_MODE, Int(modes | SSL_MODE_NO_AUTO_CHAIN))
        // One system call reads a record with its header, and what follows it.
        control(SSL_CTRL_SET_READ_AHEAD, 1)
        let isSet =
            unsafe control(SSL_CTRL_SET_MIN_PROTO_VERSION, minimumVersion.number) == 1
            && control(SSL_CTRL_SET_MAX_PROTO_VERSION, TLSVersion.tls13.number) == 1
            && SSL_CTX_set_cipher_list(handle, Self.ciphers) == 1
            && SSL_CTX_set_ciphersuites(handle, Self.cipherSuites) == 1
            && Self.groups.withCString { unsafe SSL_CTX_ctrl(handle, SSL_CTRL_SET_GROUPS_LIST, 0, .init(mutating: $0)) }
                == 1
        guard isSet else {
            ERR_clear_error()
            throw .noResources
        }
    }

    deinit {
        // SAFETY: connections hold references of their own.
        unsafe SSL_CTX_free(handle)
    }

    @discardableResult
    func control(_ command: Int32, _ value: Int) -> Int {
        // SAFETY: the commands in use take a number only.
        unsafe SSL_CTX_ctrl(handle, command, value, nil)
    }
}

extension TLSVersion {
    fileprivate var number: Int {
        switch self {
        case .tls12: Int(TLS1_2_VERSION)
        case .tls13: Int(TLS1_3_VERSION)
        }
    }
}
