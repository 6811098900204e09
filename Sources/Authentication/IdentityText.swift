internal import Bytes
internal import StrictJSON

/// Who somebody is, as text for a field value of a request.
///
/// What stands for one thing is one word: bytes other than visible ASCII, and `%`, are written as `%` and two hexadecimal
/// digits. So no value can end its line, and a space only ever separates the elements of a list.
package struct IdentityText: Sendable {
    /// The bytes; empty if there is nothing to say.
    package private(set) var bytes: [UInt8] = []

    /// - Parameter words: what it says; an empty word says nothing.
    package init(words: [String] = []) {
        for word in words { append(word) }
    }

    /// The text of a claim: a string, a number, a truth value, or an array of strings; empty for any other shape.
    init(claim node: JSONNode) {
        switch node.value {
        case .string(let text): append(text)
        case .number(let number): append(number.text)
        case .bool(let truth): append(truth ? "true" : "false")
        case .array(let elements):
            for element in elements {
                guard let text = element.string else {
                    bytes = []
                    return
                }
                append(text)
            }
        case .null, .object: break
        }
    }

    private mutating func append(_ word: String) {
        if word.isEmpty { return }
        if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
        for byte in word.utf8 {
            if (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            }
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
