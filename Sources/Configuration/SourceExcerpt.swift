/// The part of a source line that is worth showing, and the carets under it.
struct SourceExcerpt {
    let text: String
    let marker: String

    private static let width = 110
    private static let before = 50

    /// - Parameters:
    ///   - line: the whole line.
    ///   - column: where the carets start, from 1, in Unicode scalars.
    ///   - width: how many carets there are; they end with the line at the latest.
    init(line: String, column: Int, width: Int) {
        let scalars = Array(line.unicodeScalars)
        let target = min(max(column - 1, 0), scalars.count)
        var start = 0
        var end = scalars.count
        if scalars.count > Self.width {
            start = max(0, target - Self.before)
            end = min(scalars.count, start + Self.width)
        }
        let prefix = start > 0 ? "…" : ""
        var shown = prefix
        var padding = String(repeating: " ", count: prefix.isEmpty ? 0 : 1)
        for (position, scalar) in scalars[start..<end].enumerated() {
            let isControl = scalar.value < 0x20 || scalar.value == 0x7F
            shown.unicodeScalars.append(isControl ? " " : scalar)
            if start + position < target { padding.append(" ") }
        }
        if end < scalars.count { shown += "…" }
        text = shown
        marker = padding + String(repeating: "^", count: max(1, min(width, end - target)))
    }
}
