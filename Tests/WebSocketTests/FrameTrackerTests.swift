import Bytes
import Testing
import WebSocket

@Suite("RFC 6455 section 5: frames are followed however their bytes are split")
struct FrameTrackerTests {
    /// The examples of section 5.7, and frames at the edges of what there can be.
    static let examples: [([UInt8], Set<Int>, Int)] = [
        ([0x81, 5] + Array("Hello".utf8), [0, 7], .max),
        ([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], [0, 11], .max),
        ([1, 3] + Array("Hel".utf8) + [0x80, 2] + Array("lo".utf8), [0, 5, 9], .max),
        ([0x89, 5] + Array("Hello".utf8) + [0x8A, 0x80, 1, 2, 3, 4], [0, 7, 13], .max),
        ([0x82, 126, 1, 0] + [UInt8](repeating: 0x88, count: 256), [0, 260], .max),
        ([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0x88, count: 65536), [0, 65546], .max),
        // Nothing in them at all, in every form of the length.
        ([0x82, 0, 0x82, 126, 0, 0, 0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0], [0, 2, 6, 16, 18], 18),
        // A Close frame has begun with its header; what looks like one inside of others is none.
        ([0x82, 2, 0x88, 0, 0x88, 0x82, 1, 2, 3, 4, 5, 6, 0x89, 0], [0, 4, 12, 14], 6),
        // The longest that there can be, and one that is longer: no frame ends behind them.
        ([0x82, 127, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0x88, 0, 0x88, 0], [0], .max),
        ([0x82, 255, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0x88, 0, 0x88, 0], [0], .max),
        ([0x82, 127, 0x80] + [UInt8](repeating: 0, count: 7) + [0x88, 0, 0x88, 0], [0], .max),
        ([0x88, 255] + [UInt8](repeating: 0xFF, count: 8) + [0x88, 0], [0], 10),
    ]

    @Test("Examples end where the standard says, and so does what reads them whole", arguments: examples)
    func example(bytes: [UInt8], boundaries: Set<Int>, closeStart: Int) {
        let whole = WholeFrames(bytes)
        #expect(whole.boundaries == boundaries)
        #expect(whole.closeStart == closeStart)
        #expect(followedSingly(bytes) == [])
    }

    @Test("Every byte is told apart: boundary or not, closed or not", arguments: 0..<40 as Range<UInt64>)
    func everyByte(seed: UInt64) {
        let bytes = conversation(seed, sizes: [0, 1, 2, 125, 126, 127, 300])
        #expect(followedSingly(bytes) == [])
    }

    @Test("Two pieces, cut at every byte, are followed as one", arguments: 100..<110 as Range<UInt64>)
    func everyCut(seed: UInt64) {
        let bytes = conversation(seed, messages: 5, sizes: [0, 1, 3, 126])
        let whole = WholeFrames(bytes)
        let wrong = bytes.indices.filter { cut in
            var tracker = FrameTracker()
            tracker.follow(bytes.span.extracting(..<cut))
            let isRight = agrees(tracker, whole, behind: cut)
            tracker.follow(bytes.span.extracting(cut...))
            return !isRight || !agrees(tracker, whole, behind: bytes.count)
        }
        #expect(wrong == [])
    }

    @Test("Pieces of any size are followed as one, with lengths of all forms", arguments: 200..<220 as Range<UInt64>)
    func anyPieces(seed: UInt64) {
        var generator = FrameGenerator(seed: seed)
        let bytes = conversation(seed, sizes: [0, 125, 126, 4000, 65535, 65536, 70000])
        let whole = WholeFrames(bytes)
        var tracker = FrameTracker()
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, position + Int.random(in: 0...40000, using: &generator))
            tracker.follow(bytes.span.extracting(position..<end))
            position = end
            guard agrees(tracker, whole, behind: position) else {
                Issue.record("behind \(position) bytes")
                return
            }
        }
    }

    @Test("Bytes that no one should send are followed like any others", arguments: 300..<340 as Range<UInt64>)
    func noise(seed: UInt64) {
        var generator = FrameGenerator(seed: seed)
        #expect(followedSingly(generator.noise(600)) == [])
        // Little in them, so that many frames begin.
        #expect(followedSingly(generator.noise(600).map { $0 & 0x8F }) == [])
    }

    @Test("The frame under way is finished and no more, from every byte of it", arguments: 400..<410 as Range<UInt64>)
    func finish(seed: UInt64) {
        let bytes = conversation(seed, messages: 8, sizes: [0, 1, 125, 126, 200])
        let whole = WholeFrames(bytes)
        let wrong = bytes.indices.filter { cut in
            var tracker = FrameTracker()
            tracker.follow(bytes.span.extracting(..<cut))
            let end = whole.end(from: cut, in: bytes)
            // In two pieces, of which the first may be empty or all.
            var position = cut
            position += tracker.finishFrame(bytes.span.extracting(cut..<(cut + end) / 2))
            guard position == (cut + end) / 2 else { return true }
            position += tracker.finishFrame(bytes.span.extracting(position...))
            return position != end || !agrees(tracker, whole, behind: end)
        }
        #expect(wrong == [])
    }

    @Test("A frame that never ends is never finished")
    func endless() {
        let bytes: [UInt8] = [0x82, 127, 0xFF] + [UInt8](repeating: 0, count: 500)
        var tracker = FrameTracker()
        let taken = tracker.finishFrame(bytes.span.extracting(..<0))
        #expect(taken == 0 && tracker.isAtBoundary)
        tracker.follow(bytes.span.extracting(..<1))
        let count = tracker.finishFrame(bytes.span.extracting(1...))
        #expect(count == bytes.count - 1 && !tracker.isAtBoundary && !tracker.hasClosed)
    }

    // MARK: Reading

    private func conversation(_ seed: UInt64, messages: Int = 12, sizes: [Int]) -> [UInt8] {
        var generator = FrameGenerator(seed: seed)
        return generator.conversation(
            messages: messages, sizes: sizes, isMasked: seed.isMultiple(of: 2), closes: seed % 4 < 2)
    }

    /// Follows `bytes` one by one.
    ///
    /// - Returns: behind how many the tracker says something else than what reads them whole.
    private func followedSingly(_ bytes: [UInt8]) -> [Int] {
        let whole = WholeFrames(bytes)
        var tracker = FrameTracker()
        return (0...bytes.count).filter { count in
            if count > 0 { tracker.follow(bytes.span.extracting(count - 1..<count)) }
            return !agrees(tracker, whole, behind: count)
        }
    }

    private func agrees(_ tracker: FrameTracker, _ whole: WholeFrames, behind count: Int) -> Bool {
        tracker.isAtBoundary == whole.boundaries.contains(count) && tracker.hasClosed == (count >= whole.closeStart)
    }
}
