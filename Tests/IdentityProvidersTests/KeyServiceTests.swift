import Bytes
import JOSE
import Outbound
import Synchronization
import Testing
import Transport

@testable import IdentityProviders

@Suite("issue 7: the keys of issuers are kept", .timeLimit(.minutes(1)))
struct KeyServiceTests {
    @Test("Keys are fetched without anybody asking, and are on the board")
    func first() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try bench.provideKeys()
        await bench.service.keep([bench.settings])
        await bench.service.waitForKeys(of: [bench.settings])
        let keys = try #require(bench.keys)
        #expect(keys.keys.count == 1)
        #expect(keys.fetched == KeyBench.start)
        #expect(keys.end == KeyBench.start + 86_400)
        #expect(bench.events == ["fetched 1 changed"])
    }

    @Test("All who want newer keys wait for one fetch, and have its keys")
    func singleFlight() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        try bench.provideKeys()
        bench.passTime(seconds: 10)
        bench.provider.hold()
        async let answers = bench.refresh(count: 100)
        await bench.provider.waitForRequests(2)
        bench.provider.release()
        #expect(await answers.allSatisfy { $0.isCurrent })
        #expect(bench.provider.asked.count == 2)
        #expect(bench.events.last == "fetched 1 changed")
    }

    @Test("10 000 tokens with keys that do not exist cost one fetch in the minimum interval")
    func unknownKeys() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        bench.passTime(seconds: 10)
        for _ in 0..<100 { #expect(await bench.refresh(count: 100).allSatisfy { $0.isCurrent }) }
        #expect(bench.provider.asked.count == 2)
        #expect(await bench.service.refresh(bench.settings).nextAttempt == KeyBench.start + 20)
        bench.passTime(seconds: 10)
        #expect(await bench.service.refresh(bench.settings).isCurrent)
        #expect(bench.provider.asked.count == 3)
    }

    @Test("While the provider is down, keys stay, and whether an unknown one exists is not known")
    func down() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        bench.provider.set(KeyBench.url, nil)
        bench.passTime(seconds: 10)
        for _ in 0..<3 { #expect(await bench.service.refresh(bench.settings).isCurrent == false) }
        #expect(bench.provider.asked.count == 2)
        #expect(bench.keys?.end == KeyBench.start + 86_400)
        #expect(bench.events.last == "failed connect until 86400")
    }

    @Test("Keys that are too old are told as lost, and come back")
    func tooOld() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        bench.provider.set(KeyBench.url, nil)
        bench.passTime(seconds: 86_400)
        #expect(await bench.service.refresh(bench.settings).isCurrent == false)
        #expect(bench.events.last == "failed connect")
        try bench.provideKeys()
        bench.passTime(seconds: 10)
        await bench.service.waitForKeys(of: [bench.settings])
        #expect(bench.keys?.fetched == KeyBench.start + 86_410)
    }

    @Test("A bad set leaves the old keys")
    func badSet() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        let keys = try #require(bench.keys)
        bench.provider.set(KeyBench.url, answer("{\"keys\":[]}"))
        bench.passTime(seconds: 10)
        #expect(await bench.service.refresh(bench.settings).isCurrent == false)
        #expect(bench.keys?.keys == keys.keys)
        #expect(bench.events.last == "failed parse until 86400")
    }

    @Test("An issuer that is kept again goes on; one that is not vanishes with what is under way")
    func reload() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        await bench.service.keep([bench.settings])
        #expect(bench.provider.asked.count == 1)
        #expect(bench.provider.retired == 0)
        bench.passTime(seconds: 10)
        bench.provider.hold()
        async let answer = bench.service.refresh(bench.settings)
        await bench.provider.waitForRequests(2)
        await bench.service.keep([])
        #expect(await answer.isCurrent == false)
        #expect(bench.keys == nil)
        #expect(bench.provider.retired == 1)
        let events = bench.events
        bench.provider.release()
        #expect(await bench.service.refresh(bench.settings).isCurrent == false)
        #expect(await bench.service.states().isEmpty)
        #expect(bench.keys == nil)
        #expect(bench.events == events)
    }

    @Test("Nobody waits for keys of an issuer that is kept no more")
    func waitEnds() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        await bench.service.keep([bench.settings])
        async let wait: Void = bench.service.waitForKeys(of: [bench.settings])
        await bench.provider.waitForRequests(1)
        await bench.service.keep([])
        await wait
    }

    @Test("A date that is set back makes no key younger for workers")
    func dateSetBack() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        bench.setDate(by: -3600)
        await bench.service.tick()
        #expect(bench.keys?.end == KeyBench.start - 3600 + 86_400)
    }

    @Test("Operators see what is kept, and why it is not newer")
    func states() async throws {
        let bench = try KeyBench()
        defer { bench.end() }
        try await bench.begin()
        var state = try #require(await bench.service.states().first)
        #expect(state.keys?.keys.count == 1)
        #expect(state.url == KeyBench.url)
        #expect(state.failure == nil)
        #expect(state.attempted == KeyBench.start)
        #expect((270...330).contains((state.nextAttempt ?? 0) - KeyBench.start))
        bench.provider.set(KeyBench.url, answer("", status: 500))
        bench.passTime(seconds: 10)
        _ = await bench.service.refresh(bench.settings)
        state = try #require(await bench.service.states().first)
        #expect(state.failure == ProviderError(.http, url: KeyBench.url, "status 500"))
        #expect(state.attempted == KeyBench.start + 10)
        #expect(state.nextAttempt == KeyBench.start + 20)
    }
}
