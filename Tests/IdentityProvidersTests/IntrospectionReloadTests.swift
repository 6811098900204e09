import Outbound
import Testing
import Transport

@testable import IdentityProviders

@Suite("issue 7: which introspection endpoints are asked", .timeLimit(.minutes(1)))
struct IntrospectionReloadTests {
    @Test("An issuer that is kept again keeps its client and answers")
    func unchanged() async throws {
        try await withBench { bench, issuer in
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
            try await bench.service.keep([.sample(name: "other"), .sample()])
            #expect(await bench.ask("a", of: issuer) == .active("alice", end: 30))
            #expect(bench.clients == 2)
            #expect(bench.retired == 0)
        }
    }

    @Test("An issuer whose settings change loses its client and answers")
    func changed() async throws {
        try await withBench { bench, issuer in
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
            var changed = issuer
            changed.cacheLifetime = .seconds(60)
            await bench.service.keep([changed])
            #expect(bench.clients == 2)
            #expect(bench.retired == 1)
            #expect(await bench.ask("a", of: changed, answering: inactiveAnswer) == .inactive)
            await bench.service.keep([issuer])
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
        }
    }

    @Test("What is being asked when the settings change is answered, and not kept")
    func underWay() async throws {
        try await withBench { bench, issuer in
            async let answer = bench.ask("a", of: issuer)
            let question = await bench.question()
            await bench.service.keep([])
            await bench.service.keep([issuer])
            question.answer(activeAnswer)
            #expect(await answer == .active("alice", end: 30))
            #expect(await bench.ask("a", of: issuer, answering: inactiveAnswer) == .inactive)
        }
    }

    @Test("Nobody is asked who is not kept")
    func notKept() async throws {
        try await withBench { bench, issuer in
            let other = try IntrospectionSettings.sample(name: "other")
            #expect(await bench.ask("a", of: other) == .unavailable)
            await bench.service.keep([])
            #expect(await bench.ask("a", of: issuer) == .unavailable)
            #expect(bench.asked == 0)
        }
    }

    @Test("The same settings twice are one issuer")
    func twice() async throws {
        try await withBench { bench, issuer in
            try await bench.service.keep([issuer, issuer, .sample(name: "other"), .sample(name: "other")])
            #expect(bench.clients == 2)
        }
    }

    @Test("Idle connections of all issuers are looked after")
    func sweep() async throws {
        try await withBench { bench, issuer in
            try await bench.service.keep([issuer, .sample(name: "other")])
            let before = bench.swept
            await bench.service.sweep()
            #expect(bench.swept >= before + 2)
        }
    }
}

@Suite("issue 7: an introspection endpoint that cannot be reached", .timeLimit(.minutes(1)))
struct IntrospectionPauseTests {
    private static let unreachable: [OutboundError.Stage] = [.lookUp, .connect, .proxy, .tls]

    @Test(
        "After three failures in a row it is left alone for a second, of which nothing is told", arguments: unreachable)
    func pause(_ stage: OutboundError.Stage) async throws {
        try await withBench { bench, issuer in
            for _ in 0..<3 { #expect(await bench.ask("a", of: issuer, failing: stage) == .unavailable) }
            #expect(await bench.ask("a", of: issuer) == .unavailable)
            #expect(bench.asked == 3)
            #expect(bench.failures.map(\.stage.rawValue) == [String](repeating: stage.rawValue, count: 3))
            bench.passTime(seconds: 1)
            #expect(await bench.ask("a", of: issuer, failing: stage) == .unavailable)
            #expect(await bench.ask("a", of: issuer) == .unavailable)
            bench.passTime(seconds: 1)
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 32))
        }
    }

    @Test("A response ends the row, whatever it says", arguments: [200, 401, 500])
    func response(_ status: Int) async throws {
        try await withBench { bench, issuer in
            for _ in 0..<2 { _ = await bench.ask("a", of: issuer, failing: .connect) }
            async let answer = bench.ask("b", of: issuer)
            await bench.question().answer("", status: status)
            #expect(await answer == .unavailable)
            for _ in 0..<2 { _ = await bench.ask("a", of: issuer, failing: .connect) }
            #expect(await bench.ask("a", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
        }
    }

    @Test("A response to an earlier question ends the pause")
    func lateResponse() async throws {
        try await withBench { bench, issuer in
            async let early = bench.ask("a", of: issuer)
            let question = await bench.question()
            for _ in 0..<3 { _ = await bench.ask("b", of: issuer, failing: .connect) }
            #expect(await bench.ask("b", of: issuer) == .unavailable)
            question.answer(inactiveAnswer)
            #expect(await early == .inactive)
            #expect(await bench.ask("b", of: issuer, answering: activeAnswer) == .active("alice", end: 30))
        }
    }

    @Test("What is known already is answered meanwhile; other issuers are asked")
    func others() async throws {
        try await withBench { bench, issuer in
            let other = try IntrospectionSettings.sample(name: "other")
            await bench.service.keep([issuer, other])
            _ = await bench.ask("a", of: issuer, answering: activeAnswer)
            for _ in 0..<3 { _ = await bench.ask("b", of: issuer, failing: .tls) }
            #expect(await bench.ask("b", of: issuer) == .unavailable)
            #expect(await bench.ask("a", of: issuer) == .active("alice", end: 30))
            #expect(await bench.ask("b", of: other, answering: inactiveAnswer) == .inactive)
        }
    }

    @Test("An endpoint that is slow, or answers badly, is asked each time")
    func slow() async throws {
        try await withBench { bench, issuer in
            for _ in 0..<10 { #expect(await bench.ask("a", of: issuer, failing: .http) == .unavailable) }
            #expect(bench.failures.count == 10)
        }
    }
}
