/// How large the parts of a message may be; what goes beyond is refused.
package struct MessageLimits: Sendable, Hashable {
    /// The longest request or status line in bytes, without its CRLF.
    package var startLine = 8 * 1024
    /// The largest field section in bytes, with every CRLF.
    package var fieldSection = 16 * 1024
    /// The largest number of field lines.
    package var fieldCount = 100
    /// The largest trailer section in bytes, with every CRLF.
    package var trailerSection = 8 * 1024
    /// The longest line of a chunk size with its extensions in bytes.
    package var chunkLine = 2 * 1024
    /// How many bytes of chunk extensions a body may hold beyond the number of its data bytes so far.
    package var chunkExtensions = 16 * 1024
    /// How many empty lines before a request are skipped.
    package var emptyLines = 8

    /// The defaults.
    package init() {}

    /// A buffer of so many bytes holds any head that is within the limits.
    package var head: Int { 2 * emptyLines + startLine + 2 + fieldSection }
}
