import Bytes
import CLinux

/// The file descriptor that lines are written to; one that was opened here is closed here.
struct LogDescriptor: ~Copyable {
    /// What one attempt to write came to.
    enum Outcome: Equatable {
        case wrote(Int)
        case wouldBlock
        case failed(Int32)
    }

    /// The most bytes that a pipe which polls as writable takes without blocking: PIPE_BUF of pipe(7).
    private static let pipePiece = 4096

    private let descriptor: CInt
    private let isOwned: Bool
    private let isRegularFile: Bool

    init(_ output: AccessLogOutput) throws(AccessLogError) {
        switch output {
        case .stdout: descriptor = STDOUT_FILENO
        case .stderr: descriptor = STDERR_FILENO
        case .file(let path):
            // Non-blocking, so that a named pipe without a reader is an error here instead of a wait for one.
            let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
            // SAFETY: the string is passed as a C string that lives for the call.
            descriptor = unsafe open_file(path, flags, 0o640)
            guard descriptor >= 0 else { throw .cannotOpen(path: path, code: last_error()) }
        }
        isOwned = descriptor != STDOUT_FILENO && descriptor != STDERR_FILENO
        var status = stat()
        // SAFETY: `status` lives for the call.
        isRegularFile = unsafe fstat(descriptor, &status) == 0 && status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG)
    }

    deinit {
        if isOwned { _ = close(descriptor) }
    }

    /// Writes some of `bytes` without blocking, whatever the mode of the descriptor, which other processes may share.
    func write(_ bytes: Span<UInt8>) -> Outcome {
        if !isRegularFile && !isWritable(within: 0) { return .wouldBlock }
        let count = isRegularFile ? bytes.count : min(bytes.count, Self.pipePiece)
        while true {
            // SAFETY: the pointer is used only inside the closure, and `count` bytes of the span are there.
            let written = unsafe bytes.withUnsafeBufferPointer {
                unsafe CLinux.write(descriptor, $0.baseAddress, count)
            }
            if written > 0 { return .wrote(written) }
            if written == 0 { return .failed(EIO) }
            switch last_error() {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    /// Waits until the descriptor takes bytes, or reports an error at the next write.
    ///
    /// - Parameter milliseconds: how long to wait at most.
    /// - Returns: whether a write will not block.
    func isWritable(within milliseconds: CInt) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // SAFETY: `request` is one structure that lives for the call.
        return unsafe poll(&request, 1, milliseconds) > 0
    }
}
