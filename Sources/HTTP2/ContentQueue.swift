internal import Bytes

/// Bytes of content on their way, first in, first out.
struct ContentQueue {
    private var bytes: [UInt8] = []
    private var start = 0

    /// More than a queue keeps for itself while it is empty.
    private static let keptCapacity = 16 << 10

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { bytes.span.extracting(start..<bytes.count) }
    }

    mutating func append(_ more: Span<UInt8>) {
        // What was taken from the front is as large as what is left: moving it costs no more than it once did to append.
        if start > 0, start >= count { compact() }
        bytes.append(more)
    }

    /// Takes bytes from the front.
    ///
    /// - Parameter taken: how many; at most `count`.
    mutating func remove(_ taken: Int) {
        precondition(taken >= 0 && taken <= count, "more content than there is")
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
