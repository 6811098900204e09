/// Why a JSON value is no entry, or no list of entries, and where.
package struct RevocationFault: Error, Equatable, Sendable {
    /// The position in the list; nil where the value is no list.
    package internal(set) var index: Int?
    /// The member of the entry; nil for the entry as a whole.
    package let member: String?
    /// What is wrong with it, in words that hold nothing of what was read.
    package let message: String
    /// The value, or the name, to blame: byte offsets in the text that was read.
    package let range: Range<Int>
}

extension RevocationFault: CustomStringConvertible {
    /// The place and what is wrong there: `entry 2, "sub" must be a string`; entries count from 0.
    package var description: String {
        let entry = index.map { "entry \($0)" }
        let name = member.map { "\"\($0)\"" }
        let place = [entry, name].compactMap(\.self)
        return "\(place.isEmpty ? "the value" : place.joined(separator: ", ")) \(message)"
    }
}
