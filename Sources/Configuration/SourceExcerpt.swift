/// The part of a source line that is worth showing, and which characters of it are meant.
struct SourceExcerpt {
    /// The line, or a part of it with `…` where something was left out.
    let text: String
    /// How many characters stand before the first that is meant.
    let indentation: Int
    /// How many characters are meant; at least 1.
    let width: Int

    /// Bytes shown at most before and after the place that is meant.
    private static let before = 60
    private static let after = 80

    /// - Parameters:
    ///   - range: the bytes that are meant; of several lines the first counts.
    ///   - source: the file.
    ///   - hidden: the bytes in whose place asterisks are shown.
    init(of range: Range<Int>, in source: SourceText, hiding hidden: [Range<Int>]) {
        let line = source.lineRange(at: range.lowerBound)
        let target = min(range.lowerBound, line.upperBound)
        var start = line.lowerBound
        var end = line.upperBound
        if line.count > Self.before + Self.after {
            start = max(start, target - Self.before)
            while start < target, source.bytes[start] & 0xC0 == 0x80 { start += 1 }
            end = min(end, target + Self.after)
            while end < line.upperBound, source.bytes[end] & 0xC0 == 0x80 { end += 1 }
        }
        var shown = start > line.lowerBound ? "…" : ""
        indentation = shown.unicodeScalars.count + source.scalarCount(start..<target)
        for scalar in Self.text(start..<end, of: source, hiding: hidden).unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            shown.unicodeScalars.append(isControl ? " " : scalar)
        }
        if end < line.upperBound { shown += "…" }
        text = shown
        width = max(1, source.scalarCount(target..<max(target, min(range.upperBound, end))))
    }

    /// The text of `range` with an asterisk for each character that is hidden.
    private static func text(_ range: Range<Int>, of source: SourceText, hiding hidden: [Range<Int>]) -> String {
        var bytes: [UInt8] = []
        let near = hidden.filter { $0.overlaps(range) }
        for index in range {
            let byte = source.bytes[index]
            guard near.contains(where: { $0.contains(index) }) else {
                bytes.append(byte)
                continue
            }
            if byte & 0xC0 != 0x80 { bytes.append(UInt8(ascii: "*")) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
