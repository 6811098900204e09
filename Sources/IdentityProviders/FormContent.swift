internal import Bytes

/// A form (`application/x-www-form-urlencoded`, as RFC 6749 Appendix B describes it), written field by field.
struct FormContent {
    private(set) var bytes: [UInt8] = []

    /// Appends a field.
    mutating func append(_ name: String, _ value: some Sequence<UInt8>) {
        if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
        bytes += Self.encode(name.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes += Self.encode(value)
    }

    /// A name or a value as it stands in a form.
    static func encode(_ text: some Sequence<UInt8>) -> [UInt8] {
        var encoded: [UInt8] = []
        for byte in text {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                encoded.append(byte)
            case UInt8(ascii: " "):
                encoded.append(UInt8(ascii: "+"))
            default:
                encoded.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 15] { encoded.append(upperCaseDigit(digit)) }
            }
        }
        return encoded
    }

    private static func upperCaseDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
