package import Bytes
internal import CLinux

/// The process's standard input, for commands; every call blocks.
package enum StandardInput {
    /// Whether somebody types it.
    package static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Reads all of it.
    ///
    /// - Parameter limit: how many bytes it may have at most.
    /// - Returns: the bytes.
    /// - Throws: `FileError`; `EFBIG` beyond the limit.
    package static func read(limit: Int) throws(FileError) -> [UInt8] {
        try FileContents.readStandardInput(limit: limit)
    }

    /// Asks for a line on the terminal, which does not show it.
    ///
    /// - Parameter prompt: what is shown.
    /// - Returns: the line without its end; empty if there is none.
    package static func readUnseen(prompt: String) -> [UInt8] {
        // SAFETY: the line is terminated and lives until the next call; it is copied at once.
        guard let line = unsafe getpass(prompt) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: line, count: strlen(line)))
    }
}
