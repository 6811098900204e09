import Outbound
import Testing
import Transport

@testable import IdentityProviders

@Suite("issue 7: answers of introspection endpoints are kept for a while", .timeLimit(.minutes(1)))
struct IntrospectionLifetimeTests {
    @Test("An answer is kept for the cache lifetime, and no longer")
    func kept() async throws {
        try await withBench { bench, issuer in
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
            bench.passTime(seconds: 29)
            #expect(await bench.ask("a", of: issuer) == .active("alice", end: 30))
            #expect(bench.asked == 1)
            bench.passTime(seconds: 1)
            #expect(await bench.ask("a", of: issuer, answering: inactiveAnswer) == .inactive)
        }
    }

    @Test("An answer is never kept beyond exp")
    func expiry() async throws {
        try await withBench { bench, issuer in
            let text = "{\"active\":true,\"exp\":\(IntrospectionBench.start + 10)}"
            #expect(await bench.ask("a", of: issuer, answering: text) == .active(nil, end: 10))
            bench.passTime(seconds: 9)
            #expect(await bench.ask("a", of: issuer) == .active(nil, end: 10))
            bench.passTime(seconds: 1)
            #expect(await bench.ask("a", of: issuer, answering: inactiveAnswer) == .inactive)
        }
    }

    @Test("An exp that has passed, or is none, makes the answer good for one request", arguments: ["1", "\"1\"", "-1"])
    func unusableExpiry(_ expiry: String) async throws {
        try await withBench { bench, issuer in
            for _ in 0..<2 {
                let answer = await bench.ask("a", of: issuer, answering: "{\"active\":true,\"exp\":\(expiry)}")
                #expect(answer.end.map { $0 <= 0 } == true)
            }
            #expect(bench.asked == 2)
        }
    }

    @Test("An answer that a token is not active is kept for a shorter time")
    func negative() async throws {
        try await withBench { bench, issuer in
            #expect(await bench.ask("a", of: issuer, answering: inactiveAnswer) == .inactive)
            bench.passTime(seconds: 4)
            #expect(await bench.ask("a", of: issuer) == .inactive)
            bench.passTime(seconds: 1)
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 35))
        }
    }

    @Test("An answer ages while it is waited for")
    func slowAnswer() async throws {
        try await withBench { bench, issuer in
            async let answer = bench.ask("a", of: issuer)
            let question = await bench.question()
            bench.passTime(seconds: 4)
            question.answer(activeAnswer)
            #expect(await answer == .active("alice", end: 30))
        }
    }

    @Test("With lifetimes of zero every request is asked about, those at the same time too")
    func zeroLifetime() async throws {
        var settings = try IntrospectionSettings.sample()
        settings.cacheLifetime = .seconds(0)
        settings.negativeCacheLifetime = .seconds(0)
        try await withBench(settings) { bench, issuer in
            async let first = bench.ask("a", of: issuer)
            async let second = bench.ask("a", of: issuer)
            await bench.waitForQuestions(2)
            for _ in 0..<2 { await bench.question().answer(activeAnswer) }
            #expect(await [first, second] == [.active("alice", end: 0), .active("alice", end: 0)])
            #expect(await bench.ask("a", of: issuer, answering: inactiveAnswer) == .inactive)
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 0))
        }
    }

    @Test("The answer to the later question is kept, whichever comes first")
    func overtaken() async throws {
        var settings = try IntrospectionSettings.sample()
        settings.cacheLifetime = .seconds(2)
        try await withBench(settings) { bench, issuer in
            async let first = bench.ask("a", of: issuer)
            let slow = await bench.question()
            bench.passTime(seconds: 2)
            #expect(await bench.ask("a", of: issuer, answering: inactiveAnswer) == .inactive)
            slow.answer(activeAnswer)
            #expect(await first == .active("alice", end: 2))
            #expect(await bench.ask("a", of: issuer) == .inactive)
        }
    }

    @Test("A clock that is set back lengthens no answer's life, also while it is waited for")
    func clockSetBack() async throws {
        try await withBench { bench, issuer in
            _ = await bench.ask("a", of: issuer, answering: activeAnswer)
            bench.setClock(by: -3600)
            async let answer = bench.ask("a", of: issuer)
            let question = await bench.question()
            bench.setClock(by: -3600)
            question.answer(activeAnswer)
            #expect(await answer == .active("alice", end: 30 - 7200))
        }
    }
}

@Suite("issue 7: single flight per token and issuer", .timeLimit(.minutes(1)))
struct IntrospectionFlightTests {
    @Test("A hundred who ask about a token at once have it asked about once")
    func singleFlight() async throws {
        try await withBench { bench, issuer in
            let answers = await withTaskGroup { group in
                for _ in 0..<100 { group.addTask { await bench.ask("a", of: issuer) } }
                let question = await bench.question()
                await bench.waitForCallers(99, about: "a")
                question.answer(activeAnswer)
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == [IntrospectionBench.Answer](repeating: .active("alice", end: 30), count: 100))
            #expect(bench.asked == 1)
        }
    }

    @Test("A failure is that of all who wait, is told once, and is not kept")
    func failure() async throws {
        try await withBench { bench, issuer in
            let answers = await withTaskGroup { group in
                for _ in 0..<10 { group.addTask { await bench.ask("a", of: issuer) } }
                let question = await bench.question()
                await bench.waitForCallers(9, about: "a")
                question.fail(.http)
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == [IntrospectionBench.Answer](repeating: .unavailable, count: 10))
            #expect(bench.failures == [ProviderError(.http, url: "https://issuer.test/introspect", "no luck")])
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
        }
    }

    @Test("Other tokens are other questions")
    func otherTokens() async throws {
        try await withBench { bench, issuer in
            async let first = bench.ask("a", of: issuer)
            let question = await bench.question()
            #expect(await bench.ask("b", of: issuer, answering: inactiveAnswer) == .inactive)
            question.answer(activeAnswer)
            #expect(await first == .active("alice", end: 30))
        }
    }

    @Test("CVE-2026-33496: what one issuer says is not asked of, or kept for, another with other settings")
    func otherIssuers() async throws {
        let others = [
            try IntrospectionSettings.sample(name: "other"),
            try .sample(endpoint: "https://issuer.test/introspect?tenant=2"), try .sample(clientID: "other"),
            try .sample(authentication: .post(secret: Array("secret".utf8))),
            try .sample(authentication: .basic(secret: Array("other".utf8))),
        ]
        try await withBench { bench, issuer in
            await bench.service.keep([issuer] + others)
            async let first = bench.ask("a", of: issuer)
            let question = await bench.question()
            for other in others { #expect(await bench.ask("a", of: other, answering: inactiveAnswer) == .inactive) }
            question.answer(activeAnswer)
            #expect(await first == .active("alice", end: 30))
            for other in others { #expect(await bench.ask("a", of: other) == .inactive) }
            #expect(bench.asked == 1 + others.count)
        }
    }

    @Test("An endpoint is asked with the settings' deadline, and may send 64 KiB")
    func bounds() async throws {
        var settings = try IntrospectionSettings.sample()
        settings.client.timeout = .seconds(7)
        try await withBench(settings) { bench, issuer in
            async let answer = bench.ask("a", of: issuer)
            let question = await bench.question()
            #expect(question.deadline == Instant(nanoseconds: 1_007_000_000_000))
            #expect(question.maximumSize == 65_536)
            #expect(question.request.url == issuer.endpoint)
            question.answer(inactiveAnswer)
            #expect(await answer == .inactive)
        }
    }
}
