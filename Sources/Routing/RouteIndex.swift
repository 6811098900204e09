import Bytes
package import HTTP

/// The tries of a `RouteTable`, one per host, in flat arrays; what it finds are positions in the list of routes.
///
/// Literal segments are found through one hash table for all nodes, keyed by the parent and the segment's bytes. Bytes are
/// compared in the end, so that a collision of hashes costs time and never finds a wrong route.
package struct RouteIndex: Sendable {
    /// A place in a trie: what has matched so far.
    struct Node {
        /// Where the label of the edge that leads here is in `labels`.
        var labelStart: Int32
        var labelEnd: Int32
        var parent: Int32
        var hasLiterals = false
        /// The node behind `{name}`, or -1.
        var parameter: Int32 = -1
        /// The endpoint of `{name...}`, or -1.
        var rest: Int32 = -1
        /// The endpoint of a path that ends here, or -1.
        var endpoint: Int32 = -1
    }

    /// The routes of one path: a range of `entries`.
    struct Endpoint {
        var entryStart: Int32
        var entryEnd: Int32
    }

    /// A route of an endpoint; it holds no reference, so that looking at it costs no reference counting.
    struct Entry {
        /// Bits of known methods, as in `MethodSet`.
        var known: UInt16
        /// Whether extension methods have to be looked for in `methods`.
        var hasOthers: Bool
        var route: Int32
    }

    struct Slot {
        var hash: UInt32
        /// The node whose label this is, or -1 where the slot is free.
        var node: Int32
    }

    var nodes: [Node] = []
    var endpoints: [Endpoint] = []
    var entries: [Entry] = []
    /// The methods of each entry.
    var methods: [MethodSet] = []
    var labels: [UInt8] = []
    var slots: [Slot] = Array(repeating: Slot(hash: 0, node: -1), count: 16)

    /// The parents of the nodes that stand for hosts; no node has these numbers.
    static let exactHosts: Int32 = -2
    static let wildcardHosts: Int32 = -3
    /// The node for requests of any host or none.
    static let anyHost: Int32 = 0

    /// Finds the route that owns a request; the result is its position in the list.
    package func match(host: Span<UInt8>?, path: Span<UInt8>, method: Method) -> RouteMatch<Int> {
        guard let number = endpoint(host: host, path: path) else { return .none }
        let endpoint = endpoints[Int(number)]
        let range = Int(endpoint.entryStart)..<Int(endpoint.entryEnd)
        let bit = method.bit
        for position in range {
            let entry = entries[position]
            if entry.known & bit != 0 || bit == 0 && entry.hasOthers && methods[position].contains(method) {
                return .found(Int(entry.route))
            }
        }
        return .methodNotAllowed(methods[range].flatMap(\.methods))
    }

    private func endpoint(host: Span<UInt8>?, path: Span<UInt8>) -> Int32? {
        if let host, !host.isEmpty {
            if let root = child(of: Self.exactHosts, label: host), let found = endpoint(from: root, path: path) {
                return found
            }
            if let dot = host.firstIndex(of: UInt8(ascii: ".")), dot > 0,
                let root = child(of: Self.wildcardHosts, label: host.extracting(droppingFirst: dot + 1)),
                let found = endpoint(from: root, path: path)
            {
                return found
            }
        }
        return endpoint(from: Self.anyHost, path: path)
    }

    private func endpoint(from root: Int32, path: Span<UInt8>) -> Int32? {
        guard !path.isEmpty else { return nil }
        guard path[0] == UInt8(ascii: "/") else {
            // The root of a host is itself the place of its `*`, since every other path has a segment.
            let own = nodes[Int(root)].endpoint
            return own >= 0 && path.count == 1 && path[0] == UInt8(ascii: "*") ? own : nil
        }
        return descend(from: root, path: path, at: 1)
    }

    /// Matches the segments from `start` on; each node is met at most once, so the work is bounded by the matching nodes.
    private func descend(from number: Int32, path: Span<UInt8>, at start: Int) -> Int32? {
        let node = nodes[Int(number)]
        let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
        if node.hasLiterals, let next = child(of: number, label: path.extracting(start..<end)),
            let found = arrive(at: next, path: path, end: end)
        {
            return found
        }
        if node.parameter >= 0, end > start, let found = arrive(at: node.parameter, path: path, end: end) {
            return found
        }
        return node.rest >= 0 && hasSegment(path, from: start) ? node.rest : nil
    }

    private func arrive(at number: Int32, path: Span<UInt8>, end: Int) -> Int32? {
        guard end == path.count else { return descend(from: number, path: path, at: end + 1) }
        let endpoint = nodes[Int(number)].endpoint
        return endpoint >= 0 ? endpoint : nil
    }

    private func hasSegment(_ path: Span<UInt8>, from start: Int) -> Bool {
        var index = start
        while index < path.count {
            if path[index] != UInt8(ascii: "/") { return true }
            index += 1
        }
        return false
    }

    func child(of parent: Int32, label: Span<UInt8>) -> Int32? {
        let hash = Self.hash(parent, label)
        let mask = slots.count - 1
        var position = Int(hash) & mask
        while true {
            let slot = slots[position]
            if slot.node < 0 { return nil }
            if slot.hash == hash, isLabel(label, of: slot.node, under: parent) { return slot.node }
            position = (position + 1) & mask
        }
    }

    private func isLabel(_ label: Span<UInt8>, of number: Int32, under parent: Int32) -> Bool {
        let node = nodes[Int(number)]
        guard node.parent == parent else { return false }
        return labels.span.extracting(Int(node.labelStart)..<Int(node.labelEnd)).equals(label)
    }

    /// FNV-1a with a final mix; only labels of the configuration are ever inserted, so it need not resist an attacker.
    static func hash(_ parent: Int32, _ label: Span<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(UInt32(bitPattern: parent)) &* 0x9E37_79B9_7F4A_7C15
        for index in label.indices { hash = (hash ^ UInt64(label[index])) &* 0x0000_0100_0000_01B3 }
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
