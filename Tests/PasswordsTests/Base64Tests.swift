import Bytes
import Testing

@Suite("RFC 4648 §4: base64")
struct Base64Tests {
    static func decode(_ text: String, isPadded: Bool) -> [UInt8]? {
        Base64.decode(Array(text.utf8).span, isPadded: isPadded)
    }

    @Test("Bytes of any number are encoded as RFC 4648 §10 says, and decoded again")
    func vectors() {
        for (count, text) in ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"].enumerated() {
            let bytes = Array("foobar".utf8.prefix(count))
            #expect(Base64.encode(bytes.span) == Array(text.utf8))
            #expect(Self.decode(text, isPadded: false) == bytes)
            let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
            #expect(Self.decode(text + padding, isPadded: true) == bytes)
            if !padding.isEmpty {
                #expect(Self.decode(text, isPadded: true) == nil)
                #expect(Self.decode(text + padding, isPadded: false) == nil)
            }
        }
        let all = (0...UInt8.max).map { $0 }
        #expect(Self.decode(String(decoding: Base64.encode(all.span), as: UTF8.self), isPadded: false) == all)
    }

    @Test(
        "What is not the one text of any bytes is refused",
        arguments: [
            "A", "A===", "AA=A", "AB==", "AAB=", "====", "AAAA====", "AA==AA==", "A-A_", "AA A", "AAAA\n", "AA=",
        ])
    func refuses(text: String) {
        #expect(Self.decode(text, isPadded: true) == nil)
        #expect(Self.decode(text, isPadded: false) == nil)
    }
}
