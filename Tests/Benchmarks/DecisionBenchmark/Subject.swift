import Authorization
import Configuration
import HTTP

@testable import Gateway

/// An evaluator of so many routes, and requests for some of them.
final class Subject {
    let routeCount: Int
    private let evaluator: Evaluator
    private let listener: ListenerSettings
    private var requests: [SampleRequest] = []

    init(routeCount: Int, token: SampleToken) throws {
        self.routeCount = routeCount
        let routes = (0..<routeCount).map { "{ \"id\": \"r\($0)\", \"path\": \"\(Self.path($0))/{item}\" }" }
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0" }],
              "scopes": { "items:read": "Read items", "items:write": "Change items" },
              "issuers": { "main": { "issuer": "https://issuer.example", "audience": ["https://api.example"],
                "algorithms": ["RS256"], "keys": { "jwks_file": "keys.json" } } },
              "upstreams": { "service": { "servers": ["http://127.0.0.1:1"] } },
              "route_defaults": { "upstream": "service", "methods": ["GET", "HEAD"], "scopes": ["items:read"] },
              "routes": [\(routes.joined(separator: ", "))] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(token.keys) })
        let configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "gateway.json", surroundings: surroundings)
        evaluator = try Evaluator(configuration)
        listener = ListenerSettings(configuration.listeners[0], id: ListenerID.all(in: configuration)[0])
        // Those of many routes, so that the table does not stay in the nearest cache because one part of it is used.
        let stride = max(1, routeCount / 1024)
        for route in Swift.stride(from: 0, to: routeCount, by: stride) {
            requests.append(try SampleRequest(path: "\(Self.path(route))/42", token: token.text, route: route))
        }
    }

    private static func path(_ route: Int) -> String {
        "/tenants/t\(route / 1000)/services/s\(route % 1000)/items"
    }

    /// Decides so many requests, each as it is decided for a client.
    func decide(count: Int) throws {
        var position = 0
        for _ in 0..<count {
            let sample = requests[position]
            let route = try evaluator.match(sample.request)
            let principal = try evaluator.authenticate(sample.request, on: route, at: listener, now: SampleToken.now)
            let permit = try evaluator.authorize(principal, on: route)
            guard permit.route == sample.route else { throw SampleError.wrongRoute }
            position += 1
            if position == requests.count { position = 0 }
        }
    }
}

/// A request as the parser leaves it.
final class SampleRequest {
    let request: Request
    /// The route that it is for.
    let route: Int

    init(path: String, token: [UInt8], route: Int) throws {
        let head = Array("GET \(path) HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer ".utf8) + token
        let text = head + Array("\r\nAccept: */*\r\n\r\n".utf8)
        var request = Request()
        var parser = RequestParser(limits: MessageLimits())
        _ = try parser.parse(text.span, into: &request)
        self.request = request
        self.route = route
    }
}
