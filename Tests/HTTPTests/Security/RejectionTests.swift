import HTTP
import Testing

@Suite("Refusals of messages")
struct RejectionTests {
    @Test("Every error has a status of its kind and a detail of its own")
    func total() {
        var details: Set<String> = []
        for error in ParseError.allCases {
            #expect([400, 408, 413, 414, 417, 421, 431, 501, 505].contains(error.rejection.status))
            #expect(details.insert(error.detail).inserted, "\(error)")
        }
    }
}
