package import HTTP

/// The methods that a route lets in; `CONNECT` and `TRACE` never are among them.
package struct MethodSet: Sendable, Equatable {
    /// A bit for each known method.
    private(set) var known: UInt16
    private var others: [String]
    private var includesEveryOther: Bool

    /// Whether an extension method may be in the set.
    var hasOthers: Bool { includesEveryOther || !others.isEmpty }

    /// Every method but `CONNECT` and `TRACE`.
    package static let all = MethodSet(known: 0b111_1111, others: [], includesEveryOther: true)

    /// The set of `methods`; `CONNECT` and `TRACE` are left out.
    package init(_ methods: [Method]) {
        known = 0
        others = []
        includesEveryOther = false
        for method in methods {
            if case .other(let name) = method {
                if !others.contains(name) { others.append(name) }
            } else {
                known |= method.bit
            }
        }
    }

    private init(known: UInt16, others: [String], includesEveryOther: Bool) {
        self.known = known
        self.others = others
        self.includesEveryOther = includesEveryOther
    }

    /// Whether `method` is let in.
    package func contains(_ method: Method) -> Bool {
        if case .other(let name) = method { return includesEveryOther || others.contains(name) }
        return known & method.bit != 0
    }

    /// Whether some method is in both sets.
    package func overlaps(_ other: MethodSet) -> Bool {
        if known & other.known != 0 || includesEveryOther && other.includesEveryOther { return true }
        if includesEveryOther { return !other.others.isEmpty }
        if other.includesEveryOther { return !others.isEmpty }
        return others.contains { other.others.contains($0) }
    }

    /// The methods by name, as `Allow` lists them (RFC 9110 §10.2.1); extension methods only where they are named.
    package var methods: [Method] {
        let standard: [Method] = [.get, .head, .post, .put, .delete, .patch, .options]
        return standard.filter { contains($0) } + others.map { .other($0) }
    }
}

extension Method {
    /// Each method that can pass has a bit; `CONNECT`, `TRACE` and extension methods have none.
    var bit: UInt16 {
        switch self {
        case .get: 1
        case .head: 2
        case .post: 4
        case .put: 8
        case .delete: 16
        case .patch: 32
        case .options: 64
        case .connect, .trace, .other: 0
        }
    }
}
