/// The text of a configuration file, and where its lines are.
struct SourceText {
    let bytes: [UInt8]
    /// The file, as it was named to the gateway.
    let file: String
    /// The offsets at which lines start.
    private let lineStarts: [Int]
    /// How many Unicode scalars start before each `stride` bytes: a file may be one long line with many places in it.
    private let scalarsBefore: [Int]
    private static let stride = 1024

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
        var counts = [0]
        for start in Swift.stride(from: 0, to: bytes.count, by: Self.stride) {
            let end = min(start + Self.stride, bytes.count)
            counts.append(counts[counts.count - 1] + Self.scalarCount(bytes[start..<end]))
        }
        scalarsBefore = counts
    }

    /// The line that holds `offset`, counted from 1.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// The column of `offset` in its line, counted from 1 in Unicode scalars.
    func column(at offset: Int) -> Int {
        scalarCount(lineStarts[line(at: offset) - 1]..<min(offset, bytes.count)) + 1
    }

    /// The bytes of the line that holds `offset`, without its end.
    func lineRange(at offset: Int) -> Range<Int> {
        let number = line(at: offset)
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    /// How many Unicode scalars start in `range`.
    func scalarCount(_ range: Range<Int>) -> Int {
        scalarCount(before: range.upperBound) - scalarCount(before: range.lowerBound)
    }

    private func scalarCount(before offset: Int) -> Int {
        let block = offset / Self.stride
        return scalarsBefore[block] + Self.scalarCount(bytes[(block * Self.stride)..<offset])
    }

    private static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }

    /// The place in the file of a byte of a string's value.
    ///
    /// - Parameters:
    ///   - offset: the byte in the value.
    ///   - value: the string after escapes and substitutions.
    ///   - range: where the string stands in the file, quotation marks included.
    /// - Returns: the character's place, or the whole string where the value is not written as it stands.
    func place(of offset: Int, in value: String, at range: Range<Int>) -> Range<Int> {
        guard range.count == value.utf8.count + 2,
            bytes[(range.lowerBound + 1)..<(range.upperBound - 1)].elementsEqual(value.utf8)
        else { return range }
        let start = min(range.lowerBound + 1 + offset, range.upperBound - 1)
        var end = start + 1
        while end < range.upperBound, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return start..<end
    }
}
