import Testing

@testable import JOSE

@Suite("RFC 4648 §5 and RFC 7515 §2: base64url")
struct Base64URLTests {
    static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func decode(_ text: [UInt8]) -> [UInt8]? { Base64URL.decode(text.span) }

    @Test("Bytes of any number are encoded as RFC 4648 §10 says, and decoded again")
    func vectors() {
        let encodings = ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"]
        for (count, text) in encodings.enumerated() {
            let bytes = Array("foobar".utf8.prefix(count))
            #expect(Base64URL.text(bytes) == text)
            #expect(Self.decode(Array(text.utf8)) == bytes)
        }
        let all = (0...UInt8.max).map { $0 }
        for count in 0...all.count {
            let bytes = Array(all.suffix(count))
            #expect(Self.decode(Base64URL.encode(bytes.span)) == bytes)
        }
    }

    @Test("At every position of a text of any length only the alphabet is accepted", arguments: 1...13)
    func alphabet(count: Int) {
        guard count % 4 != 1 else {
            #expect(Self.decode([UInt8](repeating: UInt8(ascii: "A"), count: count)) == nil)
            return
        }
        for position in 0..<count {
            for byte in 0...UInt8.max {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: count)
                text[position] = byte
                // Of the last character all bits but those of whole bytes must be zero.
                let unused = position == count - 1 ? [0, 0, 16, 4][count % 4] : 1
                let value = Self.alphabet.firstIndex(of: byte)
                let isCanonical = value.map { unused == 0 || $0 % unused == 0 } ?? false
                let decoded = Self.decode(text)
                #expect((decoded != nil) == isCanonical)
                if let decoded { #expect(Base64URL.encode(decoded.span) == text) }
            }
        }
    }
}
