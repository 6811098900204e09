import Configuration
import Logging
import TLS

/// What a reload changes, for the line that tells of it.
struct ConfigurationChange {
    /// What was added, removed or changed of one kind, by name.
    private struct Difference {
        var added: [String] = []
        var removed: [String] = []
        var changed: [String] = []

        init<Element>(
            _ old: [Element], _ new: [Element], name: (Element) -> String, isSame: (Element, Element) -> Bool
        ) {
            var rest = Dictionary(old.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
            for element in new {
                let name = name(element)
                guard let before = rest.removeValue(forKey: name) else {
                    added.append(name)
                    continue
                }
                if !isSame(before, element) { changed.append(name) }
            }
            removed = old.map(name).filter { rest[$0] != nil }
        }

        var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

        init(_ old: [String], _ new: [String]) {
            self.init(old, new, name: \.self, isSame: ==)
        }

        init(changed: [String]) { self.changed = changed }
    }

    private let differences: [(kind: String, difference: Difference)]
    /// What takes effect with the next start only.
    private let needsRestart: [String]

    init(from old: GatewayConfiguration, to new: GatewayConfiguration) {
        differences = [
            ("routes", Difference(old.routes, new.routes, name: \.id) { $0.isSame(as: $1) }),
            ("scopes", Difference(old.scopes.map(\.name), new.scopes.map(\.name))),
            ("roles", Difference(old.roles, new.roles, name: \.name, isSame: ==)),
            ("issuers", Difference(old.issuers, new.issuers, name: \.name, isSame: ==)),
            ("api_keys", Difference(old.apiKeys?.keys ?? [], new.apiKeys?.keys ?? [], name: \.name, isSame: ==)),
            (
                "token_locations",
                Difference(old.tokenLocations.places, new.tokenLocations.places, name: \.key) { $0.value == $1.value }
            ),
            ("revocations", Difference(changed: Self.revocations(old, new))),
            ("upstreams", Difference(old.upstreams, new.upstreams, name: \.name, isSame: ==)),
            (
                "listeners",
                Difference(old.listeners, new.listeners, name: \.address.description) { $0.isSame(as: $1) }
            ),
            ("certificates", Difference(changed: Self.listenersWithOtherCertificates(old, new))),
        ]
        var needsRestart: [String] = []
        if old.workers != new.workers { needsRestart.append("workers") }
        if old.admin != new.admin { needsRestart.append("admin") }
        if old.stateDirectory != new.stateDirectory { needsRestart.append("state_directory") }
        self.needsRestart = needsRestart
    }

    /// How many revocations there are more and less; whose they are is not for this log.
    private static func revocations(_ old: GatewayConfiguration, _ new: GatewayConfiguration) -> [String] {
        guard old.revocations != new.revocations else { return [] }
        let (before, after) = (Set(old.revocations), Set(new.revocations))
        return ["\(after.subtracting(before).count) added", "\(before.subtracting(after).count) removed"]
    }

    /// The listeners with TLS before and after that show clients something else.
    private static func listenersWithOtherCertificates(
        _ old: GatewayConfiguration, _ new: GatewayConfiguration
    ) -> [String] {
        let before = Dictionary(old.listeners.map { ($0.address, $0.tls) }, uniquingKeysWith: { first, _ in first })
        return new.listeners.filter { listener in
            guard let tls = listener.tls, let old = before[listener.address] ?? nil else { return false }
            return tls.certificates != old.certificates
        }.map(\.address.description)
    }

    var isEmpty: Bool {
        differences.allSatisfy { $0.difference.isEmpty } && needsRestart.isEmpty
    }

    /// How many names of a kind a line holds at most.
    private static let longestList = 20

    /// The change as keys of a line: `added_routes`, `removed_scopes` and so on; what is empty is left out.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        for (kind, difference) in differences {
            metadata["added_\(kind)"] = Self.list(difference.added)
            metadata["removed_\(kind)"] = Self.list(difference.removed)
            metadata["changed_\(kind)"] = Self.list(difference.changed)
        }
        metadata["needs_restart"] = Self.list(needsRestart)
        return metadata
    }

    static func list(_ names: [String]) -> Logger.MetadataValue? {
        guard !names.isEmpty else { return nil }
        var values = names.prefix(longestList).map { Logger.MetadataValue.string($0) }
        if names.count > longestList { values.append(.string("and \(names.count - longestList) more")) }
        return .array(values)
    }
}

extension TokenLocationsConfiguration {
    /// Those that there are.
    fileprivate var places: [(key: String, value: String)] {
        [("header", header), ("cookie", cookie), ("websocket_protocol", webSocketProtocol)].compactMap { key, value in
            value.map { (key, $0) }
        }
    }
}

extension RouteConfiguration {
    /// Whether the other is the same route, wherever it stands in its file.
    fileprivate func isSame(as other: RouteConfiguration) -> Bool {
        var moved = other
        moved.line = line
        moved.column = column
        return self == moved
    }
}

extension ListenerConfiguration {
    /// Whether the other is the same, whatever certificates it shows.
    fileprivate func isSame(as other: ListenerConfiguration) -> Bool {
        var other = other
        if let tls { other.tls?.certificates = tls.certificates }
        return self == other
    }
}
