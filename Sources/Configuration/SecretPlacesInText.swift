extension SecretPlaces {
    /// What the excerpts of any text may show beside its structure.
    private static let knownWords = Shape.gateway.keyNames.union(names).union(["$schema", "$comment"])

    /// Everything in a part of a text that may not be JSON but structure and the names of known keys.
    ///
    /// Where the grammar does not hold, nothing tells a secret from other values.
    ///
    /// - Parameters:
    ///   - range: the part.
    ///   - bytes: the whole text.
    init(in range: Range<Int>, ofText bytes: [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let start: Int
            var end: Int
            switch bytes[index] {
            case let mark where Self.isMark(mark):
                start = index + 1
                end = Self.endOfString(bytes[start..<range.upperBound], mark: mark)
                index = min(end + 1, range.upperBound)
            case let byte where Self.isStructure(byte) || byte == UInt8(ascii: " "):
                index += 1
                continue
            default:
                start = index
                let rest = bytes[start..<range.upperBound]
                end = rest.firstIndex { Self.isStructure($0) || Self.isMark($0) } ?? range.upperBound
                index = end
                while bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
            }
            if start < end, !Self.knownWords.contains(String(decoding: bytes[start..<end], as: UTF8.self)) {
                ranges.append(start..<end)
            }
        }
    }

    private static func isMark(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func isStructure(_ byte: UInt8) -> Bool { "{}[]:,\t\r\n".utf8.contains(byte) }

    /// The mark that ends a string, or the end of its line where none does.
    private static func endOfString(_ bytes: ArraySlice<UInt8>, mark: UInt8) -> Int {
        var index = bytes.startIndex
        while index < bytes.endIndex, bytes[index] != mark, bytes[index] != UInt8(ascii: "\n") {
            let isEscape = bytes[index] == UInt8(ascii: "\\") && bytes[index...].dropFirst().first != UInt8(ascii: "\n")
            index += isEscape ? 2 : 1
        }
        return min(index, bytes.endIndex)
    }
}
