import Bytes
import Testing

@testable import Gateway

@Suite("The end of a WebSocket between two frames (RFC 6455 section 5.5.1)")
struct FramePassageTests {
    private static let text: [UInt8] = [0x81, 3, 1, 2, 3]
    private static let close: [UInt8] = [0x88, 2, 3, 0xE8]
    private static let own: [UInt8] = [0x88, 2, 3, 0xF0]

    /// What the receiver gets if the end comes after so many bytes of the sender.
    private static func passed(_ bytes: [UInt8], endingAfter count: Int, by size: Int) -> [UInt8] {
        var passage = FramePassage()
        var output: [UInt8] = []
        var position = 0
        while true {
            if position == count {
                passage.end(with: own)
                output += passage.takeClose() ?? []
            }
            guard position < bytes.count else { return output }
            let end = min(position + size, position < count ? count : bytes.count, bytes.count)
            let piece = Array(bytes[position..<end])
            output += piece[..<passage.pass(piece.span)]
            output += passage.takeClose() ?? []
            position = end
        }
    }

    @Test("The frame under way passes whole, the Close frame follows it, and nothing follows that", arguments: 0...15)
    func endsAtBoundary(count: Int) {
        let whole = (count + 4) / 5 * 5
        for size in 1...15 {
            let expected = Array((Self.text + Self.text + Self.text)[..<whole]) + Self.own
            #expect(Self.passed(Self.text + Self.text + Self.text, endingAfter: count, by: size) == expected)
        }
    }

    @Test("A Close frame of the sender is not followed by another", arguments: 6...9)
    func closesOnce(count: Int) {
        for size in 1...9 {
            #expect(Self.passed(Self.text + Self.close, endingAfter: count, by: size) == Self.text + Self.close)
        }
    }

    @Test("A Close frame has begun with its header, and is over with its last byte")
    func closes() {
        var passage = FramePassage()
        for (index, byte) in Self.close.enumerated() {
            #expect(!passage.isOver)
            let piece = [byte]
            _ = passage.pass(piece.span)
            // Its length, the second byte, completes the header.
            #expect(passage.hasClosed == (index >= 1))
        }
        #expect(passage.isOver)
    }
}
