/// Where a field line's parts lie among the bytes of its section.
struct FieldLine: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// The line stands in the bytes as `Name: value` and CRLF, so that it can be copied whole.
        static let verbatim = Self(rawValue: 1)
        /// The name holds an underscore.
        static let underscore = Self(rawValue: 2)
        /// The message's `Connection` field names it.
        static let connectionOption = Self(rawValue: 4)
    }

    private let nameStart: UInt32
    private let valueStart: UInt32
    private let valueEnd: UInt32
    private let nameLength: UInt16
    /// The name, if it is one of the known.
    let known: FieldName?
    var flags: Flags

    /// - Parameters:
    ///   - name: where the name lies, at most 65 535 bytes long.
    ///   - value: where the value lies, without whitespace at its ends.
    ///   - known: the name, if it is known.
    ///   - flags: what else is known about the line.
    init(name: Range<Int>, value: Range<Int>, known: FieldName?, flags: Flags) {
        nameStart = UInt32(truncatingIfNeeded: name.lowerBound)
        nameLength = UInt16(truncatingIfNeeded: name.count)
        valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
        valueEnd = UInt32(truncatingIfNeeded: value.upperBound)
        self.known = known
        self.flags = flags
    }

    var nameCount: Int { Int(nameLength) }
    var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameLength) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    /// The line with its CRLF; only of a line that is verbatim.
    var wholeLine: Range<Int> { Int(nameStart)..<Int(valueEnd) + 2 }
}
