/// What a text may cost at most.
package struct JSONLimits: Sendable {
    /// How deep arrays and objects may be nested; a text that is a bare number has depth 0.
    package let depth: Int
    /// The size of the text in bytes.
    package let size: Int

    /// - Parameters:
    ///   - depth: how deep arrays and objects may be nested.
    ///   - size: the size of the text in bytes.
    package init(depth: Int = 64, size: Int = 64 << 20) {
        self.depth = depth
        self.size = size
    }
}

/// A name that an object already had.
package struct JSONDuplicate: Equatable, Sendable {
    /// The name.
    package let name: String
    /// Where it stands for the second (third …) time: byte offsets.
    package let nameRange: Range<Int>
    /// Where it stands for the first time: byte offsets.
    package let firstRange: Range<Int>
    /// Where the value that follows it stands: byte offsets.
    package let valueRange: Range<Int>
}

/// Reads JSON texts (RFC 8259), and nothing that is almost JSON.
///
/// Refused beyond the grammar: duplicate names, a byte order mark, invalid UTF-8, lone surrogates, and what exceeds the
/// limits.
package enum JSONReader {
    /// Reads one text.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - limits: what the text may cost.
    /// - Returns: the value of the text.
    /// - Throws: `JSONError`: the first thing that is wrong.
    package static func read(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONNode {
        var duplicates: [JSONDuplicate] = []
        return try read(bytes, limits: limits, collectingDuplicatesIn: &duplicates, refusingDuplicates: true)
    }

    /// Reads one text and reports all duplicate names instead of refusing the first.
    ///
    /// Of members with the same name the first is kept.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - limits: what the text may cost.
    ///   - duplicates: receives the duplicate names in the order of the text.
    /// - Returns: the value of the text.
    /// - Throws: `JSONError`: the first thing that is wrong, other than duplicate names.
    package static func read(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits(),
        collectingDuplicatesIn duplicates: inout [JSONDuplicate]
    ) throws(JSONError) -> JSONNode {
        try read(bytes, limits: limits, collectingDuplicatesIn: &duplicates, refusingDuplicates: false)
    }

    private static func read(
        _ bytes: Span<UInt8>, limits: JSONLimits, collectingDuplicatesIn duplicates: inout [JSONDuplicate],
        refusingDuplicates: Bool
    ) throws(JSONError) -> JSONNode {
        guard bytes.count <= limits.size else { throw JSONError(.tooLarge, at: limits.size) }
        if bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF {
            throw JSONError(.byteOrderMark, at: 0)
        }
        var parser = JSONParser(bytes, maximumDepth: limits.depth, refusesDuplicates: refusingDuplicates)
        let node = try parser.readText()
        duplicates = parser.duplicates
        return node
    }
}
