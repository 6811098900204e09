internal import CLinux

/// Which file a path leads to at the moment.
struct FileIdentity: Equatable, Sendable {
    private let device: dev_t
    private let number: ino_t

    /// - Parameter path: links are followed; nil if there is nothing.
    init?(_ path: String) {
        var status = stat()
        // SAFETY: both values outlive the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}
