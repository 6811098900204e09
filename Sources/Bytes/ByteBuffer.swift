/// Bytes that have arrived and are not yet consumed, in one block.
///
/// A buffer starts without storage; `reserve` gives it a block and `release` takes it away, so that an idle connection
/// holds none.
package struct ByteBuffer: ~Copyable {
    private var storage: [UInt8] = []
    private var start = 0
    private var end = 0
    /// Whether the last `fill` left no free space: more is likely to come than a small block holds.
    private var wasFilled = false

    package init() {}

    /// How many bytes wait to be consumed.
    package var count: Int { end - start }

    package var isEmpty: Bool { start == end }

    /// How many bytes fit behind those that wait.
    package var freeSpace: Int { storage.count - count }

    /// The bytes that wait.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { storage.span.extracting(start..<end) }
    }

    /// Makes sure that there is free space: takes a small block if there is none, a large one once a small one was filled.
    ///
    /// - Returns: false if even the large block is full.
    package mutating func reserve(from pool: BlockPool) -> Bool {
        if count < storage.count && !(wasFilled && storage.count < BlockPool.largeSize) { return true }
        guard storage.count < BlockPool.largeSize else { return false }
        var block = storage.isEmpty ? pool.takeSmall() : pool.takeLarge()
        block.replaceBytes(at: 0, with: span)
        let waiting = count
        release(to: pool)
        storage = block
        end = waiting
        return true
    }

    /// Returns the block to `pool`; any waiting bytes are discarded.
    package mutating func release(to pool: BlockPool) {
        guard !storage.isEmpty else { return }
        var block: [UInt8] = []
        swap(&block, &storage)
        pool.give(block)
        start = 0
        end = 0
        wasFilled = false
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

    /// Lets `body` write behind the waiting bytes.
    ///
    /// - Parameter body: receives the free space, which may be empty, and returns how many bytes it wrote.
    package mutating func fill(_ body: (inout MutableSpan<UInt8>) -> Int) {
        compact()
        let freeRange = end..<storage.count
        var all = storage.mutableSpan
        var free = all._mutatingExtracting(freeRange)
        end += body(&free)
        wasFilled = end == storage.count
    }

    /// Appends `bytes`, which must fit into the free space.
    package mutating func append(_ bytes: Span<UInt8>) {
        compact()
        storage.replaceBytes(at: end, with: bytes)
        end += bytes.count
        wasFilled = end == storage.count
    }

    /// Moves the waiting bytes to the front of the block, so that the free space is in one piece.
    private mutating func compact() {
        guard start > 0 else { return }
        storage.replaceBytes(at: 0, from: start..<end)
        end -= start
        start = 0
    }
}
