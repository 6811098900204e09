import Configuration
import HTTP
import Routing
import StrictJSON

/// Routes by their names and places, as explanations show them.
struct ConfigurationPlaces {
    let file: String
    let routes: [RouteConfiguration]

    /// `file:line:column`.
    func place(_ index: Int) -> String { "\(file):\(routes[index].line):\(routes[index].column)" }

    /// The id and the place.
    func name(_ index: Int) -> String { "\(routes[index].id) (\(place(index)))" }

    /// What a look-up found, in words.
    func words(_ match: RouteMatch<Int>) -> String {
        switch match {
        case .found(let index): "route \(routes[index].id)"
        case .methodNotAllowed(let methods):
            "routes for \(methods.map(\.name).joined(separator: ", ")) only"
        case .none: "no route"
        }
    }

    /// Paths that were looked up, with what they found.
    func value(_ lookups: [DecisionTrace.Lookup]) -> JSONValue {
        .elements(
            lookups.map { lookup in
                let route: [(String, JSONValue)] =
                    if case .found(let index) = lookup.match { [("route", .string(routes[index].id))] } else { [] }
                return .members(
                    [("path", .string(String(decoding: lookup.path, as: UTF8.self)))] + route
                        + [("finds", .string(words(lookup.match))), ("passed", .bool(lookup.isGood))])
            })
    }

    func lines(_ lookups: [DecisionTrace.Lookup]) -> [String] {
        lookups.map { "\(String(decoding: $0.path, as: UTF8.self)): \(words($0.match))" }
    }
}
