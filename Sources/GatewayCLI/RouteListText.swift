import Authorization
import Bytes
import Configuration
import Gateway
import HTTP

/// A list of routes as a terminal shows it: a line for each route, in columns; columns without content are left out.
struct RouteListText {
    private let list: RouteList

    init(_ list: RouteList) {
        self.list = list
    }

    var text: String {
        var columns: [(name: String, cells: [String])] = [
            ("ID", list.routes.map(\.id)),
            ("METHODS", list.routes.map { $0.methods?.map(\.name).joined(separator: ",") ?? "all" }),
            ("HOST", list.routes.map { $0.configured?.host.map { "\($0)" } ?? "" }),
            ("PATH", list.routes.map(\.path)),
            ("ACCESS", list.routes.map(\.access.words)),
            ("UPSTREAM", list.routes.map { $0.configured?.upstream ?? "" }),
            ("FLAGS", list.routes.map { $0.configured.map(Self.flags) ?? "built in" }),
            ("MISSING", list.routes.map(Self.missing)),
        ]
        columns.removeAll { column in column.cells.allSatisfy(\.isEmpty) }
        for index in columns.indices { columns[index].cells = Self.aligned(columns[index].name, columns[index].cells) }
        return (0...list.routes.count).map { row in
            let line = columns.map { $0.cells[row] }.joined(separator: "  ")
            return String(line[...(line.lastIndex { $0 != " " } ?? line.startIndex)])
        }.joined(separator: "\n")
    }

    /// The name and the cells of a column, filled up to the widest.
    private static func aligned(_ name: String, _ cells: [String]) -> [String] {
        // The name of a role may hold anything.
        let texts = [name] + cells.map { $0.isEmpty ? "-" : $0.printable }
        let width = texts.map(\.count).max() ?? 0
        return texts.map { $0 + String(repeating: " ", count: width - $0.count) }
    }

    private static func flags(of route: RouteConfiguration) -> String {
        var flags = route.isShadow ? ["shadow"] : []
        if route.ignoresTrailingSlash { flags.append("either slash") }
        if let issuers = route.issuers { flags.append("issuers \(issuers.joined(separator: " "))") }
        if route.rewrite != nil { flags.append("rewrite") }
        if route.outlivesToken, route.access != .everyone { flags.append("streams outlive tokens") }
        if !route.passesAuthorization { flags.append("strips authorization") }
        if !route.allow.isEmpty {
            flags.append("allows \(route.allow.map(\.rawValue).sorted().joined(separator: " "))")
        }
        return flags.joined(separator: ", ")
    }

    private static func missing(on route: ListedRoute) -> String {
        switch route.denial {
        case .insufficientScope(_, let missing): "scopes \(missing.joined(separator: " "))"
        case .insufficientRole(let required): "role \(required.joined(separator: " or "))"
        case .notAuthenticated: "a token"
        case nil: ""
        }
    }
}
