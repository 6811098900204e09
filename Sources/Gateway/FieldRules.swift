import Configuration
import HTTP

/// Which fields cross the gateway under one configuration: it alone tells upstreams who makes a request.
struct FieldRules {
    /// What crosses to clients, and to upstreams that see the client's credential.
    let passing: ForwardingRules
    /// What crosses to other upstreams, which do not see the fields for API keys and tokens.
    private let stripping: ForwardingRules

    init(_ configuration: GatewayConfiguration) {
        let names = Set(configuration.routes.flatMap(\.identityHeaders).map { $0.name.lowercased() }).sorted()
        passing = ForwardingRules(managedNames: names)
        let ofCredentials = [configuration.apiKeys?.header, configuration.tokenLocations.header].compactMap(\.self)
        stripping = ForwardingRules(managedNames: names + ofCredentials)
    }

    /// What crosses to the upstream of a route.
    func request(along route: GatewayRoute, from client: Client) -> ForwardingRules {
        var rules = route.passesCredentials ? passing : stripping
        rules.underscoreFields = client.listener.underscoreFields
        return rules
    }

    /// What crosses behind a request's body: no credential in any case.
    var requestTrailers: ForwardingRules { stripping }

    /// Whether a request holds a field twice that only one can be believed of.
    func hasRepetition(_ fields: borrowing Fields) -> Bool { stripping.repeatsManagedName(fields) }
}
