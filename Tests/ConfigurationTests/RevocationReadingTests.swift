import Bytes
import Revocation
import Testing

@testable import Configuration

@Suite("configuration.md: the file of revocations, the state directory and the token locations")
struct RevocationReadingTests {
    private func configuration(
        _ top: String, file: String = "gateway.json", revocations: String? = nil, listener: String = ""
    ) throws -> GatewayConfiguration {
        let text = """
            { "version": 1, \(top) "listeners": [ { "address": "127.0.0.1:8080" \(listener) } ],
              "routes": [ { "id": "r", "path": "/r", "public": true, "upstream": { "servers": ["http://a"] } } ] }
            """
        var surroundings = Surroundings.fixed
        let others = surroundings.contentsOfFile
        if let revocations { surroundings.contentsOfFile = { _ in .success(Array(revocations.utf8)) } }
        if file.contains("/") { surroundings.contentsOfFile = { others($0.replacing("/etc/", with: "")) } }
        return try GatewayConfiguration.read(Array(text.utf8), file: file, surroundings: surroundings)
    }

    private let named = #""revocations": { "file": "revocations.json" },"#

    @Test("entries arrive, but for those that have ended")
    func entries() throws {
        let expected = [
            RevocationEntry(.init(.token, "two"), end: 1_801_440_000),
            RevocationEntry(.init(.subject, "alice"), issuer: "https://idp/", issuedBefore: 1_801_353_600),
        ]
        #expect(try configuration(named).revocations == expected)
        #expect(try configuration(named, file: "/etc/gateway.json").revocations == expected)
        #expect(try configuration("").revocations.isEmpty)
        #expect(try configuration(named, revocations: #"{ "revocations": [] }"#).revocations.isEmpty)
    }

    @Test("there can be as many entries as can be looked up, and not one more")
    func bound() throws {
        func list(_ count: Int) -> String {
            "{\"revocations\":[" + (0..<count).map { "{\"jti\":\"\($0)\"}" }.joined(separator: ",") + "]}"
        }
        let most = try configuration(named, revocations: list(Denylist.maximumCount))
        #expect(most.revocations.count == Denylist.maximumCount)
        let errors = #expect(throws: ConfigurationErrors.self) {
            try configuration(named, revocations: list(Denylist.maximumCount + 1))
        }
        #expect(errors?.errors.map(\.pointer) == ["/revocations/\(Denylist.maximumCount)"])
        #expect(errors?.errors.map(\.file) == ["revocations.json"])
    }

    @Test("a key that was named by mistake is not shown")
    func secrets() {
        for text in [
            #"{ "keys": [ { "d": "hunter2", "private_key": "hunter2" } ] }"#,
            #"{ "revocations": { "password": "hunter2" } }"#,
            "hunter2", #"{ "secret": "hunter2" "#,
        ] {
            let errors = #expect(throws: ConfigurationErrors.self) { try configuration(named, revocations: text) }
            #expect(errors?.description.contains("hunter2") == false, "\(text)")
        }
    }

    @Test("the state directory is relative to the file")
    func stateDirectory() throws {
        #expect(try configuration("").stateDirectory == nil)
        #expect(try configuration(#""state_directory": "state","#).stateDirectory == "state")
        #expect(
            try configuration(#""state_directory": "state","#, file: "/etc/gateway.json").stateDirectory == "/etc/state"
        )
        #expect(
            try configuration(#""state_directory": "/var/lib/gateway","#, file: "/etc/g.json").stateDirectory
                == "/var/lib/gateway")
    }

    @Test("token locations arrive, and without them there are none")
    func tokenLocations() throws {
        #expect(try configuration("").tokenLocations == TokenLocationsConfiguration())
        let written =
            #""token_locations": { "header": "X-Token", "cookie": "__Host-token", "websocket_protocol": "b" },"#
        #expect(
            try configuration(written).tokenLocations
                == TokenLocationsConfiguration(header: "X-Token", cookie: "__Host-token", webSocketProtocol: "b"))
    }

    @Test("resource metadata is published unless the listener says otherwise")
    func resourceMetadata() throws {
        let url = #", "external_url": "https://a""#
        #expect(try configuration("", listener: url).listeners.map(\.publishesResourceMetadata) == [true])
        #expect(
            try configuration("", listener: url + #", "resource_metadata": false"#).listeners
                .map(\.publishesResourceMetadata) == [false])
    }
}
