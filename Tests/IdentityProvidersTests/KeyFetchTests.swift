import JOSE
import Outbound
import Synchronization
import Testing
import Transport

@testable import IdentityProviders

@Suite("issue 7: one fetch of an issuer's keys")
struct KeyFetchTests {
    private static let oidc = "https://issuer.test/.well-known/openid-configuration"
    private static let oauth = "https://issuer.test/.well-known/oauth-authorization-server"
    private static let keys = "https://issuer.test/keys"
    private let provider = ScriptedProvider()

    private func fetch(
        _ source: RemoteKeysSettings.Source = .discovery, now: @escaping () -> Instant = { .now }
    ) throws -> KeyFetch {
        KeyFetch(try .sample(source: source), client: provider.client(), now: now)
    }

    private func failure(_ fetch: KeyFetch) async -> ProviderError? {
        do throws(ProviderError) {
            _ = try await fetch.run()
            return nil
        } catch {
            return error
        }
    }

    private func failure(answering answer: Result<OutboundResponse, OutboundError>) async throws -> ProviderError? {
        provider.set(Self.keys, answer)
        return await failure(try fetch(.url(try ServiceURL(Self.keys))))
    }

    @Test("The metadata of OpenID Connect is asked for first")
    func openID() async throws {
        provider.set(Self.oidc, answer(SampleKeys.metadata()))
        provider.set(Self.keys, answer(try SampleKeys.set()))
        let result = try await fetch().run()
        #expect(result.keys.count == 1)
        #expect(result.url.description == Self.keys)
        #expect(provider.asked == [Self.oidc, Self.keys])
        #expect(provider.sizes == [64 << 10, 1 << 20])
    }

    @Test("RFC 8414 §3: the metadata of OAuth is asked for where that of OpenID Connect is not", arguments: [404, 200])
    func oauth(_ status: Int) async throws {
        provider.set(Self.oidc, answer("<html>", status: status, mediaType: "text/html"))
        provider.set(Self.oauth, answer(SampleKeys.metadata()))
        provider.set(Self.keys, answer(try SampleKeys.set()))
        #expect(try await fetch().run().keys.count == 1)
        #expect(provider.asked == [Self.oidc, Self.oauth, Self.keys])
    }

    @Test("Where neither is, the error tells of both")
    func neither() async throws {
        provider.set(Self.oidc, answer("", status: 404))
        provider.set(Self.oauth, answer("<html>", mediaType: "text/html"))
        let error = await failure(try fetch())
        #expect(error?.stage == .parse)
        #expect(
            error?.detail
                == "no metadata: \(Self.oidc): status 404; \(Self.oauth): answers text/html, not JSON")
    }

    @Test("Metadata of another issuer is an error, and no reason to go on")
    func wrongIssuer() async throws {
        provider.set(Self.oidc, answer(SampleKeys.metadata(issuer: "https://other.test")))
        provider.set(Self.oauth, answer(SampleKeys.metadata()))
        #expect(await failure(try fetch())?.url == Self.oidc)
        #expect(provider.asked == [Self.oidc])
    }

    @Test("A provider that does not answer is asked once", arguments: OutboundError.Stage.allCases)
    func down(_ stage: OutboundError.Stage) async throws {
        provider.set(Self.oidc, .failure(OutboundError(stage, "no luck")))
        let error = await failure(try fetch())
        #expect(error?.stage.rawValue == stage.rawValue)
        #expect(error?.url == Self.oidc)
        #expect(provider.asked == [Self.oidc])
    }

    @Test("Where keys were found is remembered for an hour")
    func remembered() async throws {
        let time = Mutex(Instant(nanoseconds: 0))
        provider.set(Self.oidc, answer(SampleKeys.metadata()))
        provider.set(Self.keys, answer(try SampleKeys.set()))
        let fetch = try fetch(now: { time.withLock { $0 } })
        _ = try await fetch.run()
        time.withLock { $0 = Instant(nanoseconds: 0) + .seconds(3599) }
        _ = try await fetch.run()
        #expect(provider.asked == [Self.oidc, Self.keys, Self.keys])
        time.withLock { $0 = Instant(nanoseconds: 0) + .seconds(3600) }
        _ = try await fetch.run()
        #expect(provider.asked.suffix(2) == [Self.oidc, Self.keys])
    }

    @Test("Keys that have moved are found at once")
    func moved() async throws {
        provider.set(Self.oidc, answer(SampleKeys.metadata()))
        provider.set(Self.keys, answer(try SampleKeys.set()))
        let fetch = try fetch()
        _ = try await fetch.run()
        provider.set(Self.keys, answer("", status: 404))
        provider.set(Self.oidc, answer(SampleKeys.metadata(keys: "https://cdn.test/keys")))
        provider.set("https://cdn.test/keys", answer(try SampleKeys.set()))
        #expect(try await fetch.run().url.description == "https://cdn.test/keys")
        #expect(provider.asked.count == 5)
    }

    @Test("Where keys are is looked up again after the provider was down, not while it is")
    func downMeanwhile() async throws {
        provider.set(Self.oidc, answer(SampleKeys.metadata()))
        provider.set(Self.keys, answer(try SampleKeys.set()))
        let fetch = try fetch()
        _ = try await fetch.run()
        provider.set(Self.keys, nil)
        #expect(await failure(fetch)?.stage == .connect)
        #expect(provider.asked == [Self.oidc, Self.keys, Self.keys])
        provider.set(Self.keys, answer(try SampleKeys.set()))
        _ = try await fetch.run()
        #expect(provider.asked.suffix(2) == [Self.oidc, Self.keys])
    }

    @Test("A page is told as such")
    func page() async throws {
        let error = try await failure(answering: answer("<!doctype html>", mediaType: "text/html"))
        #expect(error == ProviderError(.parse, url: Self.keys, "answers text/html, not JSON"))
    }

    @Test("No name that the provider gave a key fills the log")
    func longName() async throws {
        let name = String(repeating: "é", count: 100_000)
        let key = #"{"kty":"EC","crv":"P-256","kid":"\#(name)","x":"AA","y":"AA"}"#
        let error = try await failure(answering: answer(#"{"keys":[\#(key)]}"#))
        #expect(error?.stage == .parse && error?.detail.hasPrefix("keys[0] (kid \"éé") == true)
        #expect(error?.detail.unicodeScalars.count == ProviderError.maximumDetail)
    }

    @Test("Any status but 200 is told", arguments: [204, 301, 401, 500])
    func status(_ status: Int) async throws {
        let error = try await failure(answering: answer("{\"keys\":[]}", status: status))
        #expect(error == ProviderError(.http, url: Self.keys, "status \(status)"))
    }

    @Test(
        "A set that is no set, or has no key that can be used, is refused",
        arguments: ["{}", "{\"keys\":[]}", "[]", "{\"keys\":{}}"])
    func noKeys(_ text: String) async throws {
        #expect(try await failure(answering: answer(text))?.stage == .parse)
    }

    @Test("A secret refuses the set, even one that would not be used", arguments: ["sig", "enc"])
    func secret(_ use: String) async throws {
        let secret = "{\"kty\":\"oct\",\"use\":\"\(use)\",\"k\":\"\(String(repeating: "A", count: 43))\"}"
        let set = try SampleKeys.set().replacing("[", with: "[\(secret),", maxReplacements: 1)
        #expect(try await failure(answering: answer(set))?.detail.contains("secret") == true)
    }

    @Test("Keys that are for something else are no fault")
    func ignored() async throws {
        let other = "{\"kty\":\"new\",\"kid\":\"a\"}"
        let set = try SampleKeys.set().replacing("[", with: "[\(other),", maxReplacements: 1)
        provider.set(Self.keys, answer(set))
        let keys = try await fetch(.url(try ServiceURL(Self.keys))).run().keys
        #expect(keys.count == 1)
        #expect(keys.ignored.count == 1)
    }

    @Test("No set that ends too early is taken")
    func prefixes() async throws {
        let set = try SampleKeys.set().filter { $0 != "\n" }
        for end in 0..<set.utf8.count {
            #expect(try await failure(answering: answer(String(set.prefix(end))))?.stage == .parse)
        }
    }
}
