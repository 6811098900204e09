import Bytes

/// Makes request identifiers: ULIDs, 48 bits of milliseconds and 80 random bits in 26 characters of Crockford's base 32.
///
/// They sort by time, are unique without coordination, and cannot be guessed.
struct RequestIdentifiers {
    private var random = RandomNumbers()
    /// The alphabet leaves out I, L, O and U.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private let alphabet = Self.alphabet

    /// Replaces `identifier` by a new one for the time `microseconds` since 1970.
    mutating func next(at microseconds: Int64, into identifier: inout [UInt8]) {
        let time = UInt64(microseconds / 1000)
        let high = random.next()
        let low = random.next()
        identifier.removeAll(keepingCapacity: true)
        identifier.append(addingCapacity: 26) { output in
            append(time, characters: 10, to: &output)
            append(high, characters: 8, to: &output)
            append(low, characters: 8, to: &output)
        }
    }

    /// Appends the lowest bits of `value`, five in each character.
    private func append(_ value: UInt64, characters: Int, to output: inout OutputSpan<UInt8>) {
        var shift = UInt64(characters * 5)
        while shift > 0 {
            shift -= 5
            output.append(alphabet[Int(value >> shift & 31)])
        }
    }
}
