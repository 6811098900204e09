import Authorization
import Bytes
import Configuration
import JOSE
import StrictJSON
import TestSupport
import Testing

@testable import Gateway

@Suite("configuration.md: routes prints who can call what")
struct RouteListTests {
    private let configuration: GatewayConfiguration

    init() throws {
        let keys = try TokenMint().key.publicKeySet()
        let issuer = """
            "algorithms": ["ES256"], "audience": ["api"], "keys": { "jwks_file": "keys.json" }
            """
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0", "livez": true }],
              "scopes": { "read": "R", "write": "W" },
              "roles": { "\\u0007\\"viewer": { "scopes": ["read"] }, "editor": { "includes": ["\\u0007\\"viewer"] } },
              "issuers": { "one": { "issuer": "https://one.test", \(issuer) },
                "two": { "issuer": "https://two.test", \(issuer) } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"] } },
              "route_defaults": { "upstream": "u" },
              "routes": [
                { "id": "public", "path": "/public", "public": true },
                { "id": "read", "path": "/read", "scopes": ["read"], "issuers": ["two"] },
                { "id": "write", "path": "/write", "scopes": ["read", "write"] },
                { "id": "shadow", "path": "/shadow", "scopes": ["write"], "shadow": true },
                { "id": "role", "path": "/role", "roles": ["\\u0007\\"viewer"] } ] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(keys) })
        configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "gateway.json", surroundings: surroundings)
    }

    @Test("a holder's list says for each route what is missing; a shadow route is permitted all the same")
    func holder() throws {
        let list = try RouteList(of: configuration, scopes: ["read", "unknown"], roles: [])
        #expect(list.routes.map(\.id) == ["gateway.livez", "public", "read", "write", "shadow", "role"])
        #expect(list.routes.map(\.isPermitted) == [true, true, true, false, true, false])
        #expect(list.routes[3].denial == .insufficientScope(required: ["read", "write"], missing: ["write"]))
        #expect(list.routes[4].denial == .insufficientScope(required: ["write"], missing: ["write"]))
        #expect(list.routes[5].denial == .insufficientRole(required: ["\u{7}\"viewer"]))
        let editor = try RouteList(of: configuration, scopes: [], roles: ["editor"])
        #expect(editor.routes.map(\.isPermitted) == [true, true, true, false, true, true])
    }

    @Test("the JSON of a list is JSON whatever names hold, and a filtered list has only what was kept")
    func json() throws {
        let all = try #require(JSONReader.read(RouteList.json(of: configuration).span).array)
        #expect(all.count == 6)
        #expect(all[5]["roles"]?.array?.first?.string == "\u{7}\"viewer")
        #expect(all[5]["permitted"] == nil)
        #expect(all[1]["line"]?.number?.integer == 9)
        let list = try RouteList(of: configuration, scopes: [], roles: []).filter { !$0.isPermitted }
        let denied = try #require(JSONReader.read(list.json.span).array)
        #expect(denied.map { $0["id"]?.string } == ["read", "write", "role"])
        #expect(denied[1]["missing_scopes"]?.array?.map(\.string) == ["read", "write"])
        #expect(denied.map { $0["permitted"]?.bool } == [false, false, false])
        #expect(list.filter { _ in false }.json == Array("[]\n".utf8))
    }
}
