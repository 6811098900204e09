internal import StrictJSON

/// A set of configured names (scopes, or roles) as bits, so that comparing sets is a few machine instructions.
package struct NameSet: Hashable, Sendable {
    /// The first 64 names.
    @usableFromInline var first: UInt64 = 0
    /// 64 names in each; without zeros at the end, so that equal sets are equal.
    @usableFromInline var others: [UInt64] = []

    /// Makes the empty set.
    package init() {}

    /// Whether no name is in the set.
    @inlinable package var isEmpty: Bool { first == 0 && others.isEmpty }

    /// How many names are in the set.
    package var count: Int { others.reduce(first.nonzeroBitCount) { $0 + $1.nonzeroBitCount } }

    /// Whether the name at `index` in the vocabulary is in the set.
    @inlinable package func contains(_ index: Int) -> Bool {
        word(index / 64) & 1 << UInt64(index % 64) != 0
    }

    /// Adds the name at `index` in the vocabulary.
    package mutating func insert(_ index: Int) {
        guard index >= 64 else {
            first |= 1 << UInt64(index)
            return
        }
        let position = index / 64 - 1
        while others.count <= position { others.append(0) }
        others[position] |= 1 << UInt64(index % 64)
    }

    /// Adds all names of `other`.
    package mutating func formUnion(_ other: NameSet) {
        first |= other.first
        while others.count < other.others.count { others.append(0) }
        for position in other.others.indices { others[position] |= other.others[position] }
    }

    /// The names that are in either set.
    package func union(_ other: NameSet) -> NameSet {
        var result = self
        result.formUnion(other)
        return result
    }

    /// The names that are in both sets.
    package func intersection(_ other: NameSet) -> NameSet {
        var result = NameSet()
        result.first = first & other.first
        result.others = zip(others, other.others).map { $0 & $1 }
        result.trim()
        return result
    }

    /// The names that are in this set but not in `other`.
    package func subtracting(_ other: NameSet) -> NameSet {
        var result = self
        result.first &= ~other.first
        for position in others.indices { result.others[position] &= ~other.word(position + 1) }
        result.trim()
        return result
    }

    /// Whether all names of this set are in `other`.
    package func isSubset(of other: NameSet) -> Bool {
        guard first & ~other.first == 0 else { return false }
        for position in others.indices where others[position] & ~other.word(position + 1) != 0 { return false }
        return true
    }

    /// Whether any name is in both sets.
    @inlinable package func intersects(_ other: NameSet) -> Bool {
        if first & other.first != 0 { return true }
        for position in others.indices where others[position] & other.word(position + 1) != 0 { return true }
        return false
    }

    /// How many words of 64 names the set takes.
    @inlinable package var wordCount: Int { others.count + 1 }

    /// The names at `position` times 64 and the 63 that follow, the lowest bit being the first.
    @inlinable package func word(_ position: Int) -> UInt64 {
        if position == 0 { return first }
        return position <= others.count ? others[position - 1] : 0
    }

    private mutating func trim() {
        while others.last == 0 { others.removeLast() }
    }
}

/// The configured names of one kind, in the order of the file.
package struct Vocabulary: Sendable {
    /// The names.
    package let names: [String]
    private let positions: [ExactText: Int]

    /// - Parameter names: the names, each once.
    package init(_ names: [String]) {
        self.names = names
        var positions: [ExactText: Int] = [:]
        for (position, name) in names.enumerated() where positions[ExactText(name)] == nil {
            positions[ExactText(name)] = position
        }
        self.positions = positions
    }

    /// The position of `name`, or nil if it is not configured.
    package func index(of name: String) -> Int? {
        positions[ExactText(name)]
    }

    /// The set of those of `names` that are configured.
    package func set(of names: [String]) -> NameSet {
        var set = NameSet()
        for name in names {
            if let index = index(of: name) { set.insert(index) }
        }
        return set
    }

    /// The names in `set`, in the order of the file.
    package func names(in set: NameSet) -> [String] {
        names.indices.filter(set.contains).map { names[$0] }
    }
}
