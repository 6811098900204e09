import StrictJSON
import Testing

@Suite("RFC 8259: writing JSON texts")
struct JSONWriterTests {
    private let value = JSONValue.members([
        ("a", .elements([.null, .bool(true), .integer(-1), .string("\"\\\n\u{1}é")])), ("", .members([])),
        ("long", .elements((0..<30).map { .string("word \($0)") })),
    ])

    @Test("what is written is read as the same, in either form")
    func roundTrip() throws {
        for text in [value.line, value.document] {
            #expect(try JSONReader.read(text.span).value.line == value.line)
        }
    }

    @Test("a line has no line feed, and a document breaks where a line would be long")
    func form() {
        #expect(!value.line.contains(UInt8(ascii: "\n")))
        let lines = value.document.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            lines.prefix(4) == ["{", #"  "a": [null, true, -1, "\"\\\n\u0001é"],"#, #"  "": {},"#, #"  "long": ["#])
        #expect(lines.last == "}")
        #expect(value.document.last == UInt8(ascii: "\n"))
    }
}
