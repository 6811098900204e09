import Bytes
import HTTP
import Testing

@Suite("RFC 9113 section 8: responses over HTTP/2")
struct Section8ResponseTests {
    @Test("§8.1: how the body ends follows from the status, the method and the end of the stream")
    func framing() throws {
        let length = [("content-length", "3")]
        #expect(try readStreamResponse(200).framing == .chunked)
        #expect(try readStreamResponse(200, length).framing == .length(3))
        #expect(try readStreamResponse(200, isComplete: true).framing == .length(0))
        #expect(try readStreamResponse(204).framing == .none)
        #expect(try readStreamResponse(304, length, isComplete: true) == (.none, 3))
        #expect(try readStreamResponse(200, length, isComplete: true, to: .head) == (.none, 3))
        #expect(try readStreamResponse(103).framing == .none)
    }

    @Test("§8.1.1: a length that the end of the stream contradicts is refused")
    func contradiction() {
        #expect(throws: ParseError.incompleteBody) {
            try readStreamResponse(200, [("content-length", "3")], isComplete: true)
        }
    }

    @Test(
        "§8.2: fields that a client of HTTP/1.1 would read in another way are refused",
        arguments: [
            ("transfer-encoding", "chunked"), ("connection", "close"), ("a", "b\r\nc: d"), ("a", "b\nc"), ("A", "b"),
        ])
    func malformedFields(name: String, value: String) {
        #expect(throws: ParseError.self) { try readStreamResponse(200, [(name, value)]) }
    }

    @Test("§8.3.2: a status is three digits from 100 on", arguments: [0, 99, 600, 1000])
    func status(_ status: Int) {
        #expect(throws: ParseError.malformedStatusLine) { try readStreamResponse(status) }
    }
}
