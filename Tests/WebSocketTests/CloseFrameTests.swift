import Bytes
import Testing
import WebSocket

@Suite("RFC 6455 section 5.5.1: Close frames")
struct CloseFrameTests {
    @Test("A server's is not masked, and holds the code in network order")
    func unmasked() {
        #expect(CloseFrame(code: .goingAway).unmasked == [0x88, 2, 0x03, 0xE9])
        #expect(CloseFrame(code: .policyViolation).unmasked == [0x88, 2, 0x03, 0xF0])
    }

    @Test("§5.3: a client's is masked, byte by byte with those of the key in network order")
    func masked() {
        let frame = CloseFrame(code: .goingAway).masked(with: 0x37FA_213D)
        #expect(frame == [0x88, 0x82, 0x37, 0xFA, 0x21, 0x3D, 0x03 ^ 0x37, 0xE9 ^ 0xFA])
        #expect(CloseFrame(code: .policyViolation).masked(with: 0) == [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xF0])
    }

    @Test("Both forms are one whole frame that closes")
    func whole() {
        let frame = CloseFrame(code: .policyViolation)
        for bytes in [frame.unmasked, frame.masked(with: 0xFFFF_FFFF)] {
            var tracker = FrameTracker()
            tracker.follow(bytes.span)
            #expect(tracker.isAtBoundary && tracker.hasClosed)
        }
    }
}
