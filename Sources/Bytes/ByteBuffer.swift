/// Bytes that have arrived and are not yet consumed, in one block of fixed capacity.
///
/// A buffer starts without storage; `reserve` gives it a block and `release` takes it away, so that an idle connection
/// holds none.
package struct ByteBuffer: ~Copyable {
    private var storage: [UInt8] = []
    private var start = 0
    private var end = 0

    package init() {}

    /// How many bytes wait to be consumed.
    package var count: Int { end - start }

    package var isEmpty: Bool { start == end }

    /// How many bytes fit behind those that wait, once `compact` has moved them to the front.
    package var freeSpace: Int { storage.count - count }

    /// The bytes that wait.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { storage.span.extracting(start..<end) }
    }

    /// Gives the buffer a block from `pool`, unless it has one.
    package mutating func reserve(from pool: BlockPool) {
        if storage.isEmpty { storage = pool.take() }
    }

    /// Returns the block to `pool`; any waiting bytes are discarded.
    package mutating func release(to pool: BlockPool) {
        guard !storage.isEmpty else { return }
        var block: [UInt8] = []
        swap(&block, &storage)
        pool.give(block)
        start = 0
        end = 0
    }

    /// Marks the first `byteCount` waiting bytes as consumed.
    package mutating func consume(_ byteCount: Int) {
        precondition(byteCount <= count, "consumed more than was there")
        start += byteCount
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Moves the waiting bytes to the front of the block, so that `freeSpace` is contiguous.
    package mutating func compact() {
        guard start > 0 else { return }
        let waiting = end - start
        if waiting > 0 {
            storage.replaceBytes(at: 0, from: start..<end)
        }
        start = 0
        end = waiting
    }

    /// Lets `body` write behind the waiting bytes; what it returns is the number of bytes it wrote.
    ///
    /// - Parameter body: receives the free space, which may be empty.
    /// - Returns: the number of bytes that `body` wrote.
    package mutating func fill<Failure: Error>(
        _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        compact()
        let freeRange = end..<storage.count
        var all = storage.mutableSpan
        var free = all._mutatingExtracting(freeRange)
        let written = try body(&free)
        end += written
        return written
    }

    /// Appends as many of `bytes` as fit.
    ///
    /// - Returns: the number of bytes appended.
    package mutating func append(_ bytes: Span<UInt8>) -> Int {
        fill { free in
            let fitting = min(free.count, bytes.count)
            for index in 0..<fitting { free[index] = bytes[index] }
            return fitting
        }
    }
}

/// Blocks of one size that a worker's connections share: taken when bytes arrive, given back when they are consumed.
package final class BlockPool {
    /// The size of every block in bytes.
    package let blockSize: Int
    private let capacity: Int
    private var blocks: [[UInt8]] = []

    /// - Parameters:
    ///   - blockSize: the size of every block in bytes.
    ///   - capacity: how many unused blocks are kept for the next taker.
    package init(blockSize: Int, capacity: Int) {
        self.blockSize = blockSize
        self.capacity = capacity
    }

    package func take() -> [UInt8] {
        blocks.popLast() ?? [UInt8](repeating: 0, count: blockSize)
    }

    package func give(_ block: [UInt8]) {
        if block.count == blockSize && blocks.count < capacity { blocks.append(block) }
    }
}
