internal import Bytes

/// A text in the encoding of forms (RFC 6749 Appendix B), decoded byte by byte.
struct FormText: Sendable {
    private enum Escape {
        case none, begun
        case halfRead(UInt8)
    }

    private var bytes: [UInt8] = []
    private var escape = Escape.none

    /// Takes the next byte; false if it cannot stand here.
    mutating func append(_ byte: UInt8) -> Bool {
        switch (escape, byte) {
        case (.none, UInt8(ascii: "%")): escape = .begun
        case (.none, UInt8(ascii: "+")): bytes.append(UInt8(ascii: " "))
        case (.none, _): bytes.append(byte)
        case (.begun, _):
            guard let digit = byte.hexadecimalValue else { return false }
            escape = .halfRead(digit)
        case (.halfRead(let first), _):
            guard let digit = byte.hexadecimalValue else { return false }
            bytes.append(first << 4 | digit)
            escape = .none
        }
        return true
    }

    /// What the text stands for, and makes ready for the next; nil if it ends within an escape.
    mutating func take() -> [UInt8]? {
        guard case .none = escape else { return nil }
        defer { bytes = [] }
        return bytes
    }

    /// What a whole text stands for, or nil if it is malformed.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var decoded = FormText()
        for byte in text where !decoded.append(byte) { return nil }
        return decoded.take()
    }
}
