import AccessLog
import Bytes
import Testing

@Suite("logs.md: a request cannot forge a line")
struct LineForgeryTests {
    private func path(_ bytes: [UInt8]) -> [UInt8] {
        var record = Record()
        record.set(.path, to: bytes.span)
        var format = RecordFormat(.json)
        var output: [UInt8] = []
        format.append(record, to: &output)
        let key = Array(#","path":""#.utf8)
        let start = output.indices.first { output[$0...].starts(with: key) } ?? 0
        let end = output.indices.last { output[$0...].starts(with: #"","bytes_in""#.utf8) } ?? 0
        return Array(output[(start + key.count)..<end])
    }

    @Test(
        "what could end a string or a line is escaped",
        arguments: [
            ("\"", #"\""#), ("\\", #"\\"#), ("\n", #"\n"#), ("\r", #"\r"#), ("\t", #"\t"#), ("\u{0}", #"\u0000"#),
            ("\u{1B}", #"\u001b"#), ("\u{7F}", #"\u007f"#), ("\u{85}", #"\u0085"#), ("\u{9B}", #"\u009b"#),
            ("\u{2028}", #"\u2028"#), ("\u{2029}", #"\u2029"#),
        ])
    func escapes(_ value: String, _ escaped: String) {
        for padding in 0...9 {
            let text = String(repeating: "x", count: padding)
            #expect(path(Array((text + value + text).utf8)).span.text == text + escaped + text)
        }
    }

    @Test(
        "other characters stay as they are", arguments: ["é", "€", "𝄞", "\u{A0}", "\u{2027}", "\u{202A}", "/{}[]:,~ "])
    func plain(_ value: String) {
        #expect(path(Array(value.utf8)) == Array(value.utf8))
    }

    @Test(
        "invalid UTF-8 becomes U+FFFD (RFC 3629 §4)",
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0x81], [0xC2], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func invalid(_ bytes: [UInt8]) {
        let text = path([0x61] + bytes + [0x62])
        #expect(text == [0x61] + bytes.flatMap { _ in Array("\u{FFFD}".utf8) } + [0x62])
    }

    @Test("any single byte leaves one line of well-formed text", arguments: UInt8.min...UInt8.max)
    func anyByte(_ byte: UInt8) {
        for padding in [0, 3, 7, 8, 15] {
            let text = path([UInt8](repeating: 0x61, count: padding) + [byte, 0x62, 0x63])
            #expect(!text.contains { $0 < 0x20 || $0 == 0x7F })
            #expect(String(validating: text, as: UTF8.self) != nil)
            #expect(text.suffix(2) == [0x62, 0x63])
        }
    }
}
