import Configuration
import Logging
import Revocation
import TLS
import Testing

@testable import Gateway

private func configuration(routes: String, top: String = "") throws -> GatewayConfiguration {
    let text = """
        { "version": 1, "listeners": [ { "address": "127.0.0.1:0" } ], \(top)
          "upstreams": { "u": { "servers": ["http://127.0.0.1:1"] } }, "route_defaults": { "upstream": "u" },
          "routes": [ \(routes) ] }
        """
    let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success([]) })
    return try GatewayConfiguration.read(Array(text.utf8), file: "g.json", surroundings: surroundings)
}

private func route(_ name: String, _ path: String? = nil) -> String {
    #"{ "id": "\#(name)", "path": "\#(path ?? "/" + name)", "public": true }"#
}

@Suite("What a reload says that it changes")
struct ConfigurationChangeTests {
    @Test("routes are told apart by id: order and place in the file do not matter")
    func order() throws {
        let old = try configuration(routes: [route("a"), route("b")].joined(separator: ","))
        let new = try configuration(routes: [route("b"), "\n\n" + route("a")].joined(separator: ","))
        #expect(ConfigurationChange(from: old, to: new).isEmpty)
    }

    @Test("added, removed and changed routes are named")
    func routes() throws {
        let old = try configuration(routes: [route("a"), route("b"), route("c")].joined(separator: ","))
        let new = try configuration(routes: [route("b", "/other"), route("c"), route("d")].joined(separator: ","))
        let metadata = ConfigurationChange(from: old, to: new).metadata
        #expect(metadata["added_routes"] == .array(["d"]))
        #expect(metadata["removed_routes"] == .array(["a"]))
        #expect(metadata["changed_routes"] == .array(["b"]))
        #expect(metadata.count == 3)
    }

    @Test("a list is cut at 20 names, and says how many are left out")
    func bound() throws {
        let old = try configuration(routes: route("a"))
        let many = (0..<23).map { route("r\($0)") }.joined(separator: ",")
        let new = try configuration(routes: route("a") + "," + many)
        guard case .array(let names) = ConfigurationChange(from: old, to: new).metadata["added_routes"] else {
            Issue.record("no list")
            return
        }
        #expect(names.count == 21)
        #expect(names.last == "and 3 more")
    }

    @Test("what takes effect with the next start only is said")
    func restart() throws {
        let old = try configuration(routes: route("a"), top: #""workers": 1,"#)
        let new = try configuration(routes: route("a"), top: #""workers": 2, "admin": { "address": "[::1]:1" },"#)
        #expect(ConfigurationChange(from: old, to: new).metadata == ["needs_restart": ["workers", "admin"]])
    }

    @Test("another place for tokens is told")
    func tokenLocations() throws {
        func change(_ old: String?, _ new: String?) throws -> Logger.Metadata {
            let configurations = try [old, new].map { name in
                let top = name.map { #""token_locations": { "websocket_protocol": "\#($0)" },"# } ?? ""
                return try configuration(routes: route("a"), top: top)
            }
            return ConfigurationChange(from: configurations[0], to: configurations[1]).metadata
        }
        #expect(try change(nil, "a") == ["added_token_locations": ["websocket_protocol"]])
        #expect(try change("a", "b") == ["changed_token_locations": ["websocket_protocol"]])
        #expect(try change("a", nil) == ["removed_token_locations": ["websocket_protocol"]])
        #expect(try change("a", "a").isEmpty)
        let old = #""token_locations": { "header": "X-A", "cookie": "a", "websocket_protocol": "a" },"#
        let new = #""token_locations": { "header": "X-B", "cookie": "a" },"#
        let metadata = ConfigurationChange(
            from: try configuration(routes: route("a"), top: old), to: try configuration(routes: route("a"), top: new)
        ).metadata
        #expect(
            metadata == [
                "changed_token_locations": ["header"], "removed_token_locations": ["websocket_protocol"],
            ])
    }

    @Test("a field, a cookie and a state directory are told, and of revocations only how many there are")
    func providers() throws {
        let old = try configuration(routes: route("a"))
        var new = try configuration(
            routes: route("a"),
            top: #""token_locations": { "header": "X-Token", "cookie": "token" }, "state_directory": "state","#)
        new.revocations = [RevocationEntry(.init(.token, "secret"))]
        #expect(
            ConfigurationChange(from: old, to: new).metadata == [
                "added_token_locations": ["header", "cookie"], "needs_restart": ["state_directory"],
                "changed_revocations": ["1 added", "0 removed"],
            ])
    }

    @Test("a listener whose certificates changed is named, and apart from that has not changed")
    func certificates() throws {
        func listener(_ certificate: UInt8, version: TLSVersion = .tls12) throws -> GatewayConfiguration {
            var configuration = try configuration(routes: route("a"))
            var tls = ServerTLSSettings(certificates: [.init(chain: [certificate], key: [])])
            tls.minimumVersion = version
            configuration.listeners[0].tls = tls
            return configuration
        }
        func change(_ old: GatewayConfiguration, _ new: GatewayConfiguration) -> Logger.Metadata {
            ConfigurationChange(from: old, to: new).metadata
        }
        let plain = try configuration(routes: route("a"))
        #expect(try change(listener(1), listener(2)) == ["changed_certificates": ["127.0.0.1:0"]])
        #expect(try ConfigurationChange(from: listener(1), to: listener(1)).isEmpty)
        #expect(try change(plain, listener(1)) == ["changed_listeners": ["127.0.0.1:0"]])
        #expect(
            try change(listener(1), listener(2, version: .tls13))
                == ["changed_listeners": ["127.0.0.1:0"], "changed_certificates": ["127.0.0.1:0"]])
    }
}
