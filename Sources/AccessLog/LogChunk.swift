/// Whole lines on their way from a worker to the writer.
struct LogChunk: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var lineCount = 0
    /// Where the lines of refused requests are.
    private(set) var refusals: [Range<Int>] = []

    var isEmpty: Bool { lineCount == 0 }

    /// Appends one line.
    ///
    /// - Parameters:
    ///   - isRefusal: whether the line tells of a refused request.
    ///   - write: appends the line, its line feed included.
    mutating func appendLine(isRefusal: Bool, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        lineCount += 1
        if isRefusal { refusals.append(start..<bytes.count) }
    }

    /// Forgets the lines and keeps the capacity.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        refusals.removeAll(keepingCapacity: true)
        lineCount = 0
    }

    /// Drops every line but those of refused requests.
    ///
    /// - Returns: what was dropped.
    mutating func keepRefusals() -> LostLines {
        let lost = LostLines(lines: lineCount - refusals.count)
        guard lost.lines > 0 else { return lost }
        var kept = LogChunk()
        for range in refusals {
            kept.appendLine(isRefusal: true) { $0.append(contentsOf: bytes[range]) }
        }
        self = kept
        return lost
    }

    /// The lines that are not wholly among the first `written` bytes.
    func lost(afterWriting written: Int) -> LostLines {
        LostLines(
            lines: bytes[written...].count { $0 == UInt8(ascii: "\n") },
            refusals: refusals.count { $0.upperBound > written })
    }
}
