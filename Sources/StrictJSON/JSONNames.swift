/// The names of an object so far: looked through one by one while they are few, by hash when they are many.
struct JSONNames {
    private static let few = 16
    private var positions: [ExactText: Int] = [:]

    /// The position of `name` in `members`, all of which were noted, or nil.
    func position(of name: String, in members: [JSONMember]) -> Int? {
        members.count <= Self.few ? members.position(of: name) : positions[ExactText(name)]
    }

    /// Notes that `name` stands at `position`.
    mutating func note(_ name: String, at position: Int, among members: [JSONMember]) {
        if position < Self.few { return }
        if position == Self.few {
            for (earlier, member) in members.enumerated() { positions[ExactText(member.name)] = earlier }
        }
        positions[ExactText(name)] = position
    }
}
