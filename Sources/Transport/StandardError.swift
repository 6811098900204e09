internal import CLinux

/// The process's standard error: the application log and messages for people.
package enum StandardError {
    /// Writes `bytes`; what cannot be written is lost.
    ///
    /// - Parameter bytes: whole lines, so that those of several threads do not mix.
    package static func write(_ bytes: Span<UInt8>) {
        var written = 0
        while written < bytes.count {
            let rest = bytes.extracting(written..<bytes.count)
            // SAFETY: the pointer covers the rest and is used only during the call.
            let count = unsafe rest.withUnsafeBufferPointer {
                unsafe CLinux.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0 && last_error() == EINTR { continue }
            guard count > 0 else { return }
            written += count
        }
    }

    /// Writes `text` and a line feed.
    ///
    /// - Parameter text: a message for people.
    package static func print(_ text: String) {
        write(Array("\(text)\n".utf8).span)
    }
}
