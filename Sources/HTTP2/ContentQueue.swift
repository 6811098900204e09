internal import Bytes

/// Bytes of content on their way, first in, first out; without storage while there are none.
struct ContentQueue {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: Span<UInt8>, from storage: StreamStorage) {
        if bytes.isEmpty, more.count > 0 { bytes = storage.takeQueue() }
        // What was taken from the front is as large as what is left: moving it costs no more than it once did to append.
        if start > 0, start >= count { compact() }
        bytes.append(more)
    }

    /// Moves bytes from the front to `buffer`, as many as it has space for.
    ///
    /// - Returns: how many.
    mutating func move(to buffer: inout ByteBuffer, _ storage: StreamStorage) -> Int {
        let moved = min(buffer.freeSpace, count)
        buffer.append(bytes.span.extracting(start..<start + moved))
        remove(moved, storage)
        return moved
    }

    /// Moves bytes from the front to `output`.
    ///
    /// - Parameters:
    ///   - moved: how many; at most `count`.
    ///   - output: what to append to.
    ///   - storage: gets back what is not needed any more.
    mutating func move(_ moved: Int, to output: inout [UInt8], _ storage: StreamStorage) {
        output.append(bytes.span.extracting(start..<start + moved))
        remove(moved, storage)
    }

    private mutating func remove(_ taken: Int, _ storage: StreamStorage) {
        start += taken
        if start == bytes.count { removeAll(storage) }
    }

    mutating func removeAll(_ storage: StreamStorage) {
        storage.give(&bytes)
        start = 0
    }

    private mutating func compact() {
        bytes.removeFirst(start)
        start = 0
    }
}
