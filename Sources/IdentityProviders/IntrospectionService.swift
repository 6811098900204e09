package import JOSE
internal import Outbound
internal import StrictJSON
package import Transport

/// What happened at an introspection endpoint, for the log.
package enum IntrospectionEvent: Sendable {
    /// A question was not answered. Those that were not asked, because several failed just before, are not told of.
    case failed(IntrospectionSettings, ProviderError)
}

/// Asks issuers about tokens: each token once at a time, whichever workers ask, and remembers the answers for a while.
package actor IntrospectionService {
    private nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private let makeClient: @Sendable (OutboundSettings) -> any ServiceClient
    private let clock: @Sendable () -> Moment
    private let report: @Sendable (IntrospectionEvent) -> Void
    private var cache: IntrospectionCache
    private(set) var issuers: [IntrospectedIssuer] = []
    private var lastNumber = 0
    private var isSweeping = false

    /// - Parameters:
    ///   - loop: where it runs.
    ///   - calls: threads for what blocks.
    ///   - forbidden: sockets of this process that must not be connected to.
    ///   - report: receives what happens, for the log.
    package init(
        loop: EventLoop, calls: BlockingCalls, forbidden: [SocketAddress],
        report: @escaping @Sendable (IntrospectionEvent) -> Void
    ) {
        self.init(
            loop: loop, report: report, clock: { Moment(instant: loop.now, timeOfDay: loop.timeOfDay) },
            makeClient: { OutboundClient($0, loop: loop, calls: calls, forbidden: forbidden) })
    }

    /// - Parameters:
    ///   - loop: where it runs.
    ///   - cache: where answers are kept.
    ///   - report: receives what happens.
    ///   - clock: tells the time; called on the loop.
    ///   - makeClient: makes what an issuer is asked through; called on the loop.
    init(
        loop: EventLoop, cache: IntrospectionCache = IntrospectionCache(),
        report: @escaping @Sendable (IntrospectionEvent) -> Void, clock: @escaping @Sendable () -> Moment,
        makeClient: @escaping @Sendable (OutboundSettings) -> any ServiceClient
    ) {
        self.loop = loop
        self.cache = cache
        self.report = report
        self.clock = clock
        self.makeClient = makeClient
    }

    // MARK: Issuers

    /// Asks these from now on, and no others; answers of those that are asked already are kept. What is being asked of others
    /// is answered yet, and not kept.
    package func keep(_ wanted: [IntrospectionSettings]) {
        for issuer in issuers where !wanted.contains(issuer.settings) {
            issuer.retire()
            cache.removeAnswers(of: issuer.number)
        }
        issuers.removeAll { $0.isRetired }
        for settings in wanted where issuer(settings) == nil {
            lastNumber += 1
            issuers.append(IntrospectedIssuer(settings, number: lastNumber, client: makeClient(settings.client)))
        }
        guard !issuers.isEmpty, !isSweeping else { return }
        isSweeping = true
        Task(executorPreference: loop) { await self.sweepWhileNeeded() }
    }

    private func issuer(_ settings: IntrospectionSettings) -> IntrospectedIssuer? {
        issuers.first { $0.settings == settings }
    }

    private func sweepWhileNeeded() async {
        let waiter = Waiter(loop: loop)
        while !issuers.isEmpty {
            _ = await waiter.wait(until: .now + .seconds(1))
            sweep()
        }
        waiter.retire()
        isSweeping = false
    }

    /// Forgets answers that have ended, and closes connections that nobody needs.
    func sweep() {
        cache.forgetOldAnswers(now: clock().seconds)
        for issuer in issuers { issuer.client.sweep() }
    }

    // MARK: Questions

    /// Asks about a token, unless the answer is known.
    ///
    /// - Parameters:
    ///   - token: the token as it came.
    ///   - digest: its SHA-256.
    ///   - issuer: whom to ask; one that is kept.
    /// - Returns: what the issuer says, or has said lately.
    package func ask(
        _ token: [UInt8], digest: SHA256Digest, of issuer: IntrospectionSettings
    ) async -> IntrospectionAnswer {
        guard let issuer = self.issuer(issuer) else { return .unavailable }
        let now = clock()
        let key = IntrospectionCache.Key(issuer: issuer.number, token: digest)
        if let answer = cache.answer(key, now: now.seconds) { return answer }
        if let question = issuer.question(about: digest, now: now) { return await question.answer() }
        guard issuer.pause.isOver(at: now.instant) else { return .unavailable }
        let question = issuer.begin(about: digest, now: now)
        let answer = await answer(to: question, about: token, of: issuer)
        question.end(answer)
        return answer
    }

    private func answer(
        to question: IntrospectionQuestion, about token: [UInt8], of issuer: IntrospectedIssuer
    ) async -> IntrospectionAnswer {
        var response: IntrospectionResponse?
        do throws(ProviderError) {
            response = try await issuer.ask(question, about: token, clock: clock)
        } catch {
            report(.failed(issuer.settings, error))
        }
        let isLatest = issuer.end(question)
        guard let response else { return .unavailable }
        let now = clock()
        let settings = issuer.settings
        let lifetime = response.isActive ? settings.cacheLifetime : settings.negativeCacheLifetime
        let end = response.end(latest: now.seconds(lifetime, after: question.begin.instant), now: now.seconds)
        if isLatest {
            let key = IntrospectionCache.Key(issuer: issuer.number, token: question.digest)
            cache.insert(response.isActive ? response.text : nil, for: key, end: end, now: now.seconds)
        }
        return response.isActive ? .active(response.content, end: end) : .inactive
    }
}
