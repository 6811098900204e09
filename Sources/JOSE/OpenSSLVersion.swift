internal import COpenSSL

/// Which OpenSSL there is.
package enum OpenSSLVersion {
    /// The version whose headers the gateway was compiled with.
    package static var compiled: String { OPENSSL_VERSION_TEXT }

    /// The version of the library that is loaded.
    package static var loaded: String {
        // SAFETY: OpenSSL returns a text that is never freed.
        unsafe OpenSSL_version(OPENSSL_VERSION).map { unsafe String(cString: $0) } ?? ""
    }
}
