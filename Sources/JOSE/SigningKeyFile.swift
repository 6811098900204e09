internal import Glibc

/// A file that holds a signing key and that only its owner may read.
package struct SigningKeyFile {
    private static let maximumSize = 64 << 10
    private let path: String

    /// - Parameter path: where the file is, or is to be.
    package init(path: String) {
        self.path = path
    }

    /// The key in the file; a new ES256 key is made and written if there is no file.
    ///
    /// - Throws: `SigningKeyError` if the file cannot be read or written, or holds no such key.
    package func loadOrCreate() throws(SigningKeyError) -> SigningKey {
        do {
            return try load()
        } catch .file(errno: ENOENT) {
            return try create()
        }
    }

    /// The key in the file.
    ///
    /// - Throws: `SigningKeyError` if the file cannot be read or holds no such key.
    package func load() throws(SigningKeyError) -> SigningKey {
        // SAFETY: the path is a string that lives during the call; the descriptor is closed on every path.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(errno: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumSize)
        var count = 0
        while count < bytes.count {
            // SAFETY: the offset and the size stay within the array.
            let result = unsafe bytes.withUnsafeMutableBytes { all in
                unsafe read(descriptor, all.baseAddress.map { unsafe $0 + count }, all.count - count)
            }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw .file(errno: errno) }
            if result == 0 { break }
            count += result
        }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        return try SigningKey(pem: bytes.span.extracting(0..<count))
    }

    /// Makes a new ES256 key and writes it to the file, which must not exist, with mode 0600.
    ///
    /// - Throws: `SigningKeyError.file` if the file cannot be written.
    package func create() throws(SigningKeyError) -> SigningKey {
        let key = try SigningKey(generating: .es256)
        var pem = try key.pem()
        defer { for index in pem.indices { pem[index] = 0 } }
        // SAFETY: the path is a string that lives during the call; the descriptor is closed on every path.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(errno: errno) }
        defer { close(descriptor) }
        var written = 0
        while written < pem.count {
            // SAFETY: the offset and the size stay within the array.
            let result = unsafe pem.withUnsafeBytes { all in
                unsafe write(descriptor, all.baseAddress.map { unsafe $0 + written }, all.count - written)
            }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw .file(errno: errno) }
            written += result
        }
        return key
    }
}
