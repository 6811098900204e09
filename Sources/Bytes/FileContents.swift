import Glibc

/// Why a file could not be read.
package struct FileError: Error, Equatable {
    /// The value of `errno`.
    package let code: Int32

    /// - Parameter code: the value of `errno`.
    package init(code: Int32) {
        self.code = code
    }

    /// The system's words for it.
    package var message: String {
        // SAFETY: `strerror` returns a terminated string that lives until the thread calls it again; it is copied at once.
        unsafe String(cString: strerror(code))
    }
}

/// Reads the whole file at `path`; blocks, so never on an event loop.
///
/// - Parameters:
///   - path: the file.
///   - limit: how many bytes it may have at most.
/// - Returns: its bytes.
/// - Throws: `FileError`; `EFBIG` for a file beyond the limit.
package func contentsOfFile(at path: String, limit: Int) throws(FileError) -> [UInt8] {
    // SAFETY: the string is alive during the call, which does not keep its pointer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(code: errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        // SAFETY: `read` writes at most `count` bytes to the chunk, which is alive and exclusive during the call.
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
            guard errno == EINTR else { throw FileError(code: errno) }
            continue
        }
        if count == 0 { return content }
        guard content.count + count <= limit else { throw FileError(code: EFBIG) }
        content += chunk[..<count]
    }
}

/// The value of the environment variable `name`, or nil.
///
/// - Parameter name: the variable; nothing in this program changes the environment.
/// - Returns: its value.
package func environmentVariable(_ name: String) -> String? {
    // SAFETY: the result is terminated and lives while the environment is not changed; it is copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
