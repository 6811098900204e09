/// The chunks that wait for the writer: bounded, with a share that only lines of refused requests may use.
struct LineQueue: Sendable {
    /// What became of a chunk that was offered.
    enum Admission: Equatable {
        /// It is queued, though perhaps not all of its lines.
        case taken
        /// There is no room; nothing was changed.
        case full
    }

    /// The most bytes that wait or are being written.
    let capacity: Int
    /// The part of `capacity` that only lines of refused requests may use.
    let refusalShare: Int
    private var chunks: [LogChunk] = []
    private var first = 0
    private var spare: [LogChunk] = []
    private var usedBytes = 0
    private var lost = LostLines()
    /// All lines that were lost since the start.
    private(set) var totalLost = LostLines()

    /// - Parameter capacity: the most bytes that wait; a quarter of it is reserved for lines of refused requests.
    init(capacity: Int) {
        self.capacity = capacity
        refusalShare = capacity / 4
    }

    var isEmpty: Bool { first == chunks.count }

    /// Takes `chunk` and leaves an empty one in its place.
    ///
    /// - Parameters:
    ///   - chunk: whole lines.
    ///   - policy: what happens when there is no room; under `drop` the answer is always `taken`.
    /// - Returns: what became of the chunk.
    mutating func offer(_ chunk: inout LogChunk, _ policy: OverflowPolicy) -> Admission {
        if usedBytes > 0 && usedBytes + chunk.bytes.count > capacity - refusalShare {
            guard policy == .drop else { return .full }
            count(chunk.keepRefusals())
            if usedBytes + chunk.bytes.count > capacity {
                count(chunk.lost(afterWriting: 0))
                chunk.removeAll()
            }
        }
        guard !chunk.isEmpty else { return .taken }
        usedBytes += chunk.bytes.count
        var taken = spare.popLast() ?? LogChunk()
        swap(&taken, &chunk)
        chunks.append(taken)
        return .taken
    }

    /// The oldest chunk; its bytes count as used until `finish`.
    mutating func next() -> LogChunk? {
        guard first < chunks.count else { return nil }
        var chunk = LogChunk()
        swap(&chunk, &chunks[first])
        first += 1
        if first == chunks.count {
            chunks.removeAll(keepingCapacity: true)
            first = 0
        }
        return chunk
    }

    /// Counts the lines of `chunk` that were not written, and keeps its storage for a later one.
    mutating func finish(_ chunk: consuming LogChunk, written: Int) {
        usedBytes -= chunk.bytes.count
        if written < chunk.bytes.count { count(chunk.lost(afterWriting: written)) }
        guard spare.count < 4 else { return }
        chunk.removeAll()
        spare.append(chunk)
    }

    /// The lines lost since the last call, or nil if there are none.
    mutating func takeLost() -> LostLines? {
        guard lost.lines > 0 else { return nil }
        defer { lost = LostLines() }
        return lost
    }

    /// Takes back losses that `takeLost` gave out.
    mutating func restore(_ more: LostLines) {
        lost += more
    }

    private mutating func count(_ more: LostLines) {
        lost += more
        totalLost += more
    }
}
