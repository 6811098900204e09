import HTTP

/// Builds a `RouteIndex` route by route and collects conflicts.
struct RouteIndexBuilder {
    private var index = RouteIndex()
    /// The routes of each endpoint.
    private var endpoints: [[(methods: MethodSet, route: Int)]] = []
    private var conflicts: Set<RouteConflicts.Pair> = []

    init() {
        index.nodes.append(RouteIndex.Node(labelStart: 0, labelEnd: 0, parent: -1))
    }

    mutating func add(_ pattern: RoutePattern, host: HostPattern?, methods: MethodSet, number: Int) {
        var node = root(for: host)
        for segment in pattern.segments {
            switch segment {
            case .literal(let text):
                node = literal(text, under: node)
            case .parameter:
                node = parameter(under: node)
            case .rest:
                let endpoint = index.nodes[Int(node)].rest
                index.nodes[Int(node)].rest = enter(methods, number, at: endpoint)
                return
            }
        }
        let endpoint = index.nodes[Int(node)].endpoint
        index.nodes[Int(node)].endpoint = enter(methods, number, at: endpoint)
    }

    mutating func finish() throws(RouteConflicts) -> RouteIndex {
        guard conflicts.isEmpty else {
            let pairs = conflicts.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
            throw RouteConflicts(pairs: pairs)
        }
        for routes in endpoints {
            let start = Int32(index.entries.count)
            for (methods, route) in routes {
                index.methods.append(methods)
                index.entries.append(
                    RouteIndex.Entry(known: methods.known, hasOthers: methods.hasOthers, route: Int32(route)))
            }
            index.endpoints.append(RouteIndex.Endpoint(entryStart: start, entryEnd: Int32(index.entries.count)))
        }
        return index
    }

    private mutating func root(for host: HostPattern?) -> Int32 {
        switch host {
        case nil: RouteIndex.anyHost
        case .exact(let name): literal(name, under: RouteIndex.exactHosts)
        case .wildcard(let suffix): literal(suffix, under: RouteIndex.wildcardHosts)
        }
    }

    /// Enters a route among those of one path; those it clashes with stay, so that each clash is reported.
    private mutating func enter(_ methods: MethodSet, _ number: Int, at endpoint: Int32) -> Int32 {
        var place = endpoint
        if place < 0 {
            place = Int32(endpoints.count)
            endpoints.append([])
        }
        var clashes = false
        for entry in endpoints[Int(place)] where entry.methods.overlaps(methods) {
            conflicts.insert(RouteConflicts.Pair(first: entry.route, second: number))
            clashes = true
        }
        guard !clashes else { return place }
        endpoints[Int(place)].append((methods, number))
        return place
    }

    private mutating func parameter(under parent: Int32) -> Int32 {
        let existing = index.nodes[Int(parent)].parameter
        if existing >= 0 { return existing }
        let end = Int32(index.labels.count)
        let number = Int32(index.nodes.count)
        index.nodes.append(RouteIndex.Node(labelStart: end, labelEnd: end, parent: parent))
        index.nodes[Int(parent)].parameter = number
        return number
    }

    private mutating func literal(_ text: String, under parent: Int32) -> Int32 {
        let label = Array(text.utf8)
        if let existing = index.child(of: parent, label: label.span) { return existing }
        let start = Int32(index.labels.count)
        index.labels += label
        let number = Int32(index.nodes.count)
        index.nodes.append(
            RouteIndex.Node(labelStart: start, labelEnd: Int32(index.labels.count), parent: parent))
        if parent >= 0 { index.nodes[Int(parent)].hasLiterals = true }
        literalCount += 1
        if literalCount * 2 > index.slots.count { grow() }
        insert(RouteIndex.Slot(hash: RouteIndex.hash(parent, label.span), node: number))
        return number
    }

    private var literalCount = 0

    private mutating func insert(_ slot: RouteIndex.Slot) {
        let mask = index.slots.count - 1
        var position = Int(slot.hash) & mask
        while index.slots[position].node >= 0 { position = (position + 1) & mask }
        index.slots[position] = slot
    }

    private mutating func grow() {
        let old = index.slots
        index.slots = Array(repeating: RouteIndex.Slot(hash: 0, node: -1), count: old.count * 2)
        for slot in old where slot.node >= 0 { insert(slot) }
    }
}
