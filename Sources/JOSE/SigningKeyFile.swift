internal import Bytes

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
        } catch .file(let error) where error.isNotFound {
            return try create()
        }
    }

    /// The key in the file.
    ///
    /// - Throws: `SigningKeyError` if the file cannot be read or holds no such key.
    package func load() throws(SigningKeyError) -> SigningKey {
        var bytes = [UInt8](repeating: 0, count: Self.maximumSize)
        defer { for index in bytes.indices { bytes[index] = 0 } }
        let count: Int
        do throws(FileError) {
            count = try FileContents.read(path, into: &bytes)
        } catch {
            throw .file(error)
        }
        return try SigningKey(pem: bytes.span.extracting(0..<count))
    }

    /// Makes a new ES256 key and writes it to the file, which must not exist, with mode 0600.
    ///
    /// - Throws: `SigningKeyError.file` if the file cannot be written.
    package func create() throws(SigningKeyError) -> SigningKey {
        let key = try SigningKey(generating: .es256)
        var pem = try key.pem()
        defer { for index in pem.indices { pem[index] = 0 } }
        do throws(FileError) {
            try FileContents.write(pem.span, to: path, mode: 0o600, existing: .keep)
        } catch {
            throw .file(error)
        }
        return key
    }
}
