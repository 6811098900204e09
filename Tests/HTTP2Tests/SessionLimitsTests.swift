import HTTP
import HTTP2
import Testing

@Suite("Bounds of a session")
struct SessionLimitsTests {
    @Test("content that waits to be sent is bounded well below what may arrive")
    func pending() {
        let limits = SessionLimits(messages: MessageLimits())
        #expect(limits.pendingContent < limits.streamWindow)
    }
}
