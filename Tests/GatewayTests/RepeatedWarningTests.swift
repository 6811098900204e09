import Testing
import Transport

@testable import Gateway

@Suite("logs.md: repeated causes are rate-limited with a count")
struct RepeatedWarningTests {
    @Test("one warning in 10 s, with the number of times since the last")
    func rate() {
        let start = Instant.now
        var warning = RepeatedWarning()
        #expect(warning.occurred(at: start) == 1)
        #expect(warning.occurred(at: start + .seconds(1)) == nil)
        #expect(warning.occurred(at: start + .milliseconds(9_999)) == nil)
        #expect(warning.occurred(at: start + .seconds(10)) == 3)
        #expect(warning.occurred(at: start + .seconds(19)) == nil)
        #expect(warning.occurred(at: start + .seconds(60)) == 2)
    }
}
