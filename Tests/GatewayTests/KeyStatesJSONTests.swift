import JOSE
import Outbound
import Testing

@testable import Gateway
@testable import IdentityProviders

@Suite("operations: /keys")
struct KeyStatesJSONTests {
    private static let settings = RemoteKeysSettings(
        name: "main", issuer: "https://i", source: .discovery, client: OutboundSettings())

    private func text(_ states: [KeyState], now: Int) -> String {
        String(decoding: states.json(now: now), as: UTF8.self)
    }

    @Test("No issuers, no keys")
    func none() {
        #expect(text([], now: 0) == "{\"keys\":[]}\n")
    }

    @Test("What is not known is null")
    func unknown() {
        let state = KeyState(
            settings: Self.settings, keys: nil, url: nil, failure: nil, attempted: nil, nextAttempt: nil)
        #expect(
            text([state], now: 9) == #"{"keys":[{"issuer":"main","url":null,"count":0,"key_ids":[],"fetched":null,"#
                + #""age":null,"end":null,"attempted":null,"next_attempt":null,"failure":null}]}"# + "\n")
    }

    @Test(
        "Keys have an age, which is never negative, and those without kid are counted", arguments: [(150, 50), (90, 0)])
    func keys(now: Int, age: Int) throws {
        let jwks =
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a\"","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},"#
            + #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
        let keys = FetchedKeys(keys: try KeySet(jwks: Array(jwks.utf8).span), fetched: 100, end: 200)
        let state = KeyState(
            settings: Self.settings, keys: keys, url: "https://i/jwks",
            failure: ProviderError(.lookUp, url: "https://i/jwks", "no such name"), attempted: 140, nextAttempt: 160)
        #expect(
            text([state], now: now) == #"{"keys":[{"issuer":"main","url":"https://i/jwks","count":2,"key_ids":["a\""],"#
                + #""fetched":100,"age":\#(age),"end":200,"attempted":140,"next_attempt":160,"failure":{"stage":"dns","#
                + #""url":"https://i/jwks","detail":"no such name"}}]}"# + "\n")
    }
}
