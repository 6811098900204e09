/// A number with a unit, such as `30s` or `16KiB`.
struct QuantityText<Value: Comparable & Sendable>: Sendable {
    /// What it is called in messages.
    let what: String
    /// The units and what each stands for, smallest first.
    let units: [(name: String, value: Value)]
    /// Multiplies a unit; nil on overflow.
    let scale: @Sendable (Value, Int) -> Value?

    /// Parses `text`.
    ///
    /// - Throws: `ValueProblem`, also for a value that is not in `range`.
    func parse(_ text: String, in range: TextRange<Value>) throws(ValueProblem) -> Value {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...]
        let example = units.map { "\"\($0.name)\"" }.joined(separator: ", ")
        guard let number = Int(digits), let factor = units.first(where: { $0.name == unit })?.value else {
            throw ValueProblem(
                message: "\"\(text)\" is not \(what): write a whole number and a unit (\(example))",
                suggestion: digits.isEmpty ? nil : nearestUnit(to: String(unit)).map { digits + $0 })
        }
        guard let value = scale(factor, number), value >= range.lowest, value <= range.highest else {
            throw ValueProblem(message: "\"\(text)\" is out of range: \(range.description)")
        }
        return value
    }

    /// The unit that `text` seems to stand for: the longest that it starts with, or else the largest of its first letter.
    private func nearestUnit(to text: String) -> String? {
        let letters = text.lowercased().filter { $0 != " " }
        let similar = units.map(\.name).filter { letters.first != nil && $0.lowercased().first == letters.first }
        let prefixes = similar.filter { letters.hasPrefix($0.lowercased()) }
        return prefixes.max { $0.utf8.count < $1.utf8.count } ?? similar.last
    }
}

/// A range and the words for it.
struct TextRange<Value: Comparable & Sendable>: Sendable {
    let lowest: Value
    let highest: Value
    /// For instance `1s to 24h`.
    let description: String
}

extension QuantityText where Value == Duration {
    /// A duration such as `250ms`, `30s`, `5m` or `1h`.
    static var duration: QuantityText {
        QuantityText(
            what: "a duration",
            units: [
                ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
                ("d", .seconds(86400)),
            ],
            scale: { unit, count in count <= 1_000_000_000 ? unit * count : nil })
    }
}

extension QuantityText where Value == Int {
    /// A size such as `512B`, `16KiB` or `1GiB`.
    static var size: QuantityText {
        QuantityText(
            what: "a size",
            units: [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)],
            scale: { unit, count in
                let (product, overflow) = unit.multipliedReportingOverflow(by: count)
                return overflow ? nil : product
            })
    }
}

extension Duration {
    /// The duration that `text` stands for as the configuration writes it, such as `15m`; nil if it is none.
    ///
    /// - Parameter text: a whole number and a unit, up to a year.
    package init?(text: String) {
        guard let duration = try? QuantityText.duration.parse(text, in: .zero(to: .seconds(366 * 86400), "0s to 366d"))
        else { return nil }
        self = duration
    }
}
