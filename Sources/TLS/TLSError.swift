/// Why there is no TLS.
package enum TLSError: Error, Equatable {
    /// A file holds no usable certificate chain.
    case unusableCertificate(String)

    /// The failure in words.
    package var description: String { "no usable certificate" }
}
