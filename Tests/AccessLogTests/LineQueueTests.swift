import Testing

@testable import AccessLog

@Suite("logs.md: a bounded queue holds lines, then lines are dropped and counted")
struct LineQueueTests {
    private func chunk(_ lines: [(String, isRefusal: Bool)]) -> LogChunk {
        var chunk = LogChunk()
        for (text, isRefusal) in lines {
            chunk.appendLine(isRefusal: isRefusal) { $0.append(contentsOf: Array("\(text)\n".utf8)) }
        }
        return chunk
    }

    private func text(_ chunk: LogChunk?) -> String? { chunk.map { String(decoding: $0.bytes, as: UTF8.self) } }

    @Test("chunks come out in the order in which they went in")
    func order() {
        var queue = LineQueue(capacity: 1000)
        for name in ["a", "b", "c"] {
            var offered = chunk([(name, false)])
            #expect(queue.offer(&offered, .drop) == .taken)
            #expect(offered.isEmpty)
        }
        #expect(text(queue.next()) == "a\n")
        #expect(text(queue.next()) == "b\n")
        #expect(text(queue.next()) == "c\n")
        #expect(queue.next() == nil)
    }

    @Test("when the ordinary share is full, lines of refused requests are still taken")
    func refusalShare() {
        var queue = LineQueue(capacity: 40)
        var full = chunk([("0123456789012345678901234567", false)])
        #expect(queue.offer(&full, .drop) == .taken)
        var mixed = chunk([("allowed", false), ("denied", true), ("allowed", false)])
        #expect(queue.offer(&mixed, .drop) == .taken)
        #expect(queue.takeLost() == LostLines(lines: 2, refusals: 0))
        #expect(queue.takeLost() == nil)
        _ = queue.next()
        #expect(text(queue.next()) == "denied\n")
        var second = chunk([("denied", true)])
        #expect(queue.offer(&second, .drop) == .taken)
        #expect(queue.takeLost() == LostLines(lines: 1, refusals: 1))
        #expect(queue.totalLost == LostLines(lines: 3, refusals: 1))
    }

    @Test("what is being written counts as used until it is finished")
    func inFlight() throws {
        var queue = LineQueue(capacity: 40)
        var first = chunk([("0123456789012345678901234567", false)])
        #expect(queue.offer(&first, .block) == .taken)
        let next = queue.next()
        let flying = try #require(next)
        var second = chunk([("second", false)])
        #expect(queue.offer(&second, .block) == .full)
        #expect(!second.isEmpty)
        queue.finish(flying, written: 29)
        #expect(queue.offer(&second, .block) == .taken)
        #expect(queue.totalLost == LostLines())
    }

    @Test("a chunk larger than the queue is taken when nothing waits")
    func large() {
        var queue = LineQueue(capacity: 4)
        var large = chunk([("larger than that", false)])
        #expect(queue.offer(&large, .block) == .taken)
    }

    @Test(
        "lines that were not wholly written are lost",
        arguments: [(0, 3, 1), (3, 3, 1), (4, 2, 1), (8, 1, 0), (11, 1, 0), (12, 0, 0)])
    func partial(_ written: Int, _ lines: Int, _ refusals: Int) throws {
        var queue = LineQueue(capacity: 1000)
        var offered = chunk([("one", false), ("two", true), ("six", false)])
        _ = queue.offer(&offered, .drop)
        let next = queue.next()
        let taken = try #require(next)
        queue.finish(taken, written: written)
        #expect(queue.totalLost == LostLines(lines: lines, refusals: refusals))
    }
}
