/// A worker's share of the access log: lines are built here and handed to the writer many at a time.
package struct AccessLogBuffer: ~Copyable {
    /// Lines are handed over without waiting for `flush` when there are this many bytes of them.
    package static let handOverSize = 64 << 10

    private let writer: AccessLogWriter
    private var format: RecordFormat
    private var chunk = LogChunk()

    /// - Parameters:
    ///   - writer: takes the lines.
    ///   - format: what a line looks like.
    package init(writer: AccessLogWriter, format: RecordFormat) {
        self.writer = writer
        self.format = format
    }

    /// Whether no line waits for `flush`.
    package var isEmpty: Bool { chunk.isEmpty }

    /// Appends the line for `record`.
    ///
    /// - Parameter record: what is known of the exchange.
    /// - Returns: whether it is the only line that waits: then `flush` must be called within 100 ms.
    @discardableResult
    package mutating func append(_ record: borrowing Record) -> Bool {
        let wasEmpty = chunk.isEmpty
        chunk.appendLine(isRefusal: record.decision.isRefusal) { format.append(record, to: &$0) }
        guard chunk.bytes.count >= Self.handOverSize else { return wasEmpty }
        writer.submit(&chunk)
        return false
    }

    /// Hands over the lines that wait.
    package mutating func flush() {
        if !chunk.isEmpty { writer.submit(&chunk) }
    }
}
