internal import Bytes

/// Bytes of content on their way, first in, first out.
struct ContentQueue {
    private var bytes: [UInt8] = []
    private var start = 0

    /// More than a queue keeps for itself while it is empty.
    private static let keptCapacity = 16 << 10

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: Span<UInt8>) {
        // What was taken from the front is as large as what is left: moving it costs no more than it once did to append.
        if start > 0, start >= count { compact() }
        bytes.append(more)
    }

    /// Moves bytes from the front to `buffer`, as many as it has space for.
    ///
    /// - Returns: how many.
    mutating func move(to buffer: inout ByteBuffer) -> Int {
        let moved = min(buffer.freeSpace, count)
        buffer.append(bytes.span.extracting(start..<start + moved))
        remove(moved)
        return moved
    }

    /// Moves bytes from the front to `output`.
    ///
    /// - Parameters:
    ///   - moved: how many; at most `count`.
    ///   - output: what to append to.
    mutating func move(_ moved: Int, to output: inout [UInt8]) {
        output.append(bytes.span.extracting(start..<start + moved))
        remove(moved)
    }

    private mutating func remove(_ taken: Int) {
        start += taken
        if start == bytes.count { removeAll() }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
        start = 0
    }

    private mutating func compact() {
        bytes.removeFirst(start)
        start = 0
    }
}
