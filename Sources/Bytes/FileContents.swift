internal import CLinux

/// Files read and written whole. Every call blocks, so none is made on an event loop.
package enum FileContents {
    /// Reads the file at `path`.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - limit: how many bytes it may have at most.
    /// - Returns: its bytes.
    /// - Throws: `FileError`; `EFBIG` for a file beyond the limit.
    package static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        try content(of: OpenFile.toRead(path), limit: limit)
    }

    private static func content(of file: borrowing OpenFile, limit: Int) throws(FileError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try file.read(into: &chunk, at: 0)
            if count == 0 { return content }
            guard content.count + count <= limit else { throw FileError(code: EFBIG) }
            content += chunk[..<count]
        }
    }

    /// Reads all of the process's standard input, whatever that is.
    ///
    /// - Parameter limit: how many bytes it may have at most.
    /// - Returns: its bytes.
    /// - Throws: `FileError`; `EFBIG` beyond the limit.
    package static func readStandardInput(limit: Int) throws(FileError) -> [UInt8] {
        try content(of: OpenFile("/dev/stdin", O_RDONLY), limit: limit)
    }

    /// Reads the file at `path` into storage of the caller's, which can be wiped: for secrets.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - storage: receives the bytes; it must be larger than the file.
    /// - Returns: how many bytes were read.
    /// - Throws: `FileError`; `EFBIG` for a file that does not fit.
    package static func read(_ path: String, into storage: inout [UInt8]) throws(FileError) -> Int {
        let file = try OpenFile.toRead(path)
        var count = 0
        while count < storage.count {
            let more = try file.read(into: &storage, at: count)
            if more == 0 { return count }
            count += more
        }
        throw FileError(code: EFBIG)
    }

    /// The directory of a path, `.` if it has none.
    package static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path without symbolic links; the path itself where there is nothing.
    package static func target(of path: String) -> String {
        // SAFETY: the string is alive during the call; what it returns is copied, and freed once.
        guard let resolved = unsafe realpath(path, nil) else { return path }
        // SAFETY: as above.
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// What `write` does with a file that is there already.
    package enum Existing: Sendable {
        case replace
        /// The call fails with `EEXIST`.
        case keep
    }

    /// Writes the file at `path`.
    ///
    /// - Parameters:
    ///   - bytes: its content.
    ///   - path: the file.
    ///   - mode: the permissions of a file that did not exist, such as `0o600`.
    ///   - existing: what becomes of a file that exists.
    /// - Throws: `FileError`; part of the content may be written then.
    package static func write(
        _ bytes: Span<UInt8>, to path: String, mode: UInt32, existing: Existing
    ) throws(FileError) {
        try OpenFile(path, O_WRONLY | O_CREAT | (existing == .keep ? O_EXCL : O_TRUNC), mode).writeAll(bytes)
    }

    /// Puts a file at `path` that is there as a whole or not at all, also after a loss of power: what was there stays until
    /// the new content is on the disk. Its directory is made if need be, for the owner only.
    ///
    /// - Parameters:
    ///   - path: the file; `path` and `.new` is where the content is written first, so one process at a time may do it.
    ///   - bytes: its content.
    ///   - mode: its permissions, such as `0o600`.
    /// - Throws: `FileError`; the old file is there then, or, if only its directory could not be written out, the new one.
    package static func replace(_ path: String, with bytes: Span<UInt8>, mode: UInt32) throws(FileError) {
        let directory = directory(of: path)
        try makeDirectory(directory)
        let new = path + ".new"
        // What was left behind may have other permissions, or be a link.
        // SAFETY: the string is alive during the call, which does not keep its pointer.
        guard unsafe unlink(new) == 0 || last_error() == ENOENT else { throw FileError(code: last_error()) }
        do throws(FileError) {
            let file = try OpenFile(new, O_WRONLY | O_CREAT | O_EXCL, mode)
            try file.writeAll(bytes)
            try file.synchronize()
            // SAFETY: as above.
            guard unsafe rename(new, path) == 0 else { throw FileError(code: last_error()) }
        } catch {
            // SAFETY: as above.
            unsafe _ = unlink(new)
            throw error
        }
        try OpenFile(directory, O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Makes a directory for the owner only, and those that it stands in, unless they are there.
    private static func makeDirectory(_ path: String) throws(FileError) {
        let parent = directory(of: path)
        // SAFETY: the string is alive during the call, which does not keep its pointer.
        var isMade = unsafe mkdir(path, 0o700) == 0
        if !isMade, last_error() == ENOENT, parent != path {
            try makeDirectory(parent)
            // SAFETY: as above.
            isMade = unsafe mkdir(path, 0o700) == 0
        }
        guard isMade || last_error() == EEXIST else { throw FileError(code: last_error()) }
        if isMade { try OpenFile(parent, O_RDONLY | O_DIRECTORY).synchronize() }
    }
}

/// Why a file could not be read or written.
package struct FileError: Error, Equatable {
    /// The value of `errno`.
    package let code: Int32

    /// - Parameter code: the value of `errno`.
    package init(code: Int32) {
        self.code = code
    }

    /// A pipe, a device or another thing that may give bytes for ever, or none.
    static let notRegular = FileError(code: 0)

    /// Whether there is no such file.
    package var isNotFound: Bool { code == ENOENT }

    /// The system's words for it.
    package var message: String {
        if self == .notRegular { return "not a regular file" }
        // SAFETY: `strerror` returns a terminated string that lives until the thread calls it again; it is copied at once.
        return unsafe String(cString: strerror(code))
    }
}

/// A file that is open until the value ends.
private struct OpenFile: ~Copyable {
    private let descriptor: Int32

    init(_ path: String, _ flags: Int32, _ mode: UInt32 = 0) throws(FileError) {
        // SAFETY: the string is alive during the call, which does not keep its pointer.
        descriptor = unsafe open_file(path, flags | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw FileError(code: last_error()) }
    }

    /// Opens a regular file for reading; anything else could block for ever, also in `open(2)`.
    static func toRead(_ path: String) throws(FileError) -> OpenFile {
        let file = try OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        var status = stat()
        // SAFETY: the structure outlives the call.
        guard unsafe fstat(file.descriptor, &status) == 0 else { throw FileError(code: last_error()) }
        switch status.st_mode & mode_t(S_IFMT) {
        case mode_t(S_IFREG): return file
        case mode_t(S_IFDIR): throw FileError(code: EISDIR)
        default: throw .notRegular
        }
    }

    deinit {
        close(descriptor)
    }

    /// Reads into `storage` from `start` on; 0 at the end of the file.
    func read(into storage: inout [UInt8], at start: Int) throws(FileError) -> Int {
        while true {
            // SAFETY: the call writes at most what lies behind `start`, and the storage is exclusive during it.
            let count = unsafe storage.withUnsafeMutableBytes { all in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start...])
                return unsafe CLinux.read(descriptor, rest.baseAddress, rest.count)
            }
            if count >= 0 { return count }
            guard last_error() == EINTR else { throw FileError(code: last_error()) }
        }
    }

    /// Writes some of `bytes`.
    func write(_ bytes: Span<UInt8>) throws(FileError) -> Int {
        while true {
            // SAFETY: the pointer covers the span and is used only during the call.
            let count = unsafe bytes.withUnsafeBufferPointer {
                unsafe CLinux.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 { return count }
            guard last_error() == EINTR else { throw FileError(code: last_error()) }
        }
    }

    /// Writes all of `bytes`.
    func writeAll(_ bytes: Span<UInt8>) throws(FileError) {
        var written = 0
        while written < bytes.count { written += try write(bytes.extracting(written..<bytes.count)) }
    }

    /// Waits until everything is on the disk.
    func synchronize() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError(code: last_error()) }
    }
}
