/// The text of a configuration file, and where its lines are.
struct SourceText {
    let bytes: [UInt8]
    /// The file, as it was named to the gateway.
    let file: String
    /// The offsets at which lines start.
    private let lineStarts: [Int]

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    /// The same text, with asterisks for what stands in strings at `ranges`.
    func masking(_ ranges: [Range<Int>]) -> SourceText {
        var bytes = bytes
        for range in ranges {
            for index in range.dropFirst().dropLast() { bytes[index] = UInt8(ascii: "*") }
        }
        return SourceText(bytes: bytes, file: file)
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
        bytes[range].reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
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
