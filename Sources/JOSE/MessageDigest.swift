internal import COpenSSL

/// The hash functions that signatures use, looked up in OpenSSL once per process.
enum MessageDigest {
    case sha256, sha384, sha512

    /// The size of a digest in bytes.
    var size: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// OpenSSL's name of the function.
    var name: String {
        switch self {
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        case .sha512: "SHA512"
        }
    }

    /// OpenSSL's function object.
    var implementation: OpaquePointer? {
        // SAFETY: constants that are never freed.
        switch self {
        case .sha256: unsafe Self.fetched256
        case .sha384: unsafe Self.fetched384
        case .sha512: unsafe Self.fetched512
        }
    }

    // SAFETY: an EVP_MD does not change once it is fetched, and these are never freed.
    private nonisolated(unsafe) static let fetched256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
    // SAFETY: as above.
    private nonisolated(unsafe) static let fetched384 = unsafe EVP_MD_fetch(nil, "SHA384", nil)
    // SAFETY: as above.
    private nonisolated(unsafe) static let fetched512 = unsafe EVP_MD_fetch(nil, "SHA512", nil)
}
