internal import Bytes
internal import JOSE
internal import Outbound
package import Transport

/// Keeps the keys of issuers: fetches them ahead of time, at once when a token names one that is not known, and from the disk
/// when the issuer is down.
package actor KeyService {
    private nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    /// Where workers find the keys.
    package nonisolated let board = KeyBoard()
    private let calls: BlockingCalls
    private let directory: String?
    private let makeClient: @Sendable (OutboundSettings) -> any ServiceClient
    private let clock: @Sendable () -> Moment
    private let report: @Sendable (KeyEvent) -> Void
    private var issuers: [RemoteIssuer] = []
    private var lastNumber = 0
    private var random = RandomNumbers()
    private let pulse: Waiter
    private var isRunning = false
    /// Records that a thread is writing, by their paths: two at once would spoil each other.
    private var recordsUnderWay: Set<String> = []
    /// Those who wait for the first keys; woken whenever there are keys or issuers.
    private var expectant: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - loop: where it runs.
    ///   - calls: threads for what blocks.
    ///   - directory: where the last good keys are kept; nil for nowhere.
    ///   - forbidden: sockets of this process that must not be connected to.
    ///   - report: receives what happens, for the log.
    package init(
        loop: EventLoop, calls: BlockingCalls, directory: String?, forbidden: [SocketAddress],
        report: @escaping @Sendable (KeyEvent) -> Void
    ) {
        self.init(
            loop: loop, calls: calls, directory: directory, report: report,
            clock: { Moment(instant: loop.now, timeOfDay: loop.timeOfDay) },
            makeClient: { OutboundClient($0, loop: loop, calls: calls, forbidden: forbidden) })
    }

    /// - Parameters:
    ///   - loop: where it runs.
    ///   - calls: threads for what blocks.
    ///   - directory: where the last good keys are kept; nil for nowhere.
    ///   - report: receives what happens.
    ///   - clock: tells the time; called on the loop.
    ///   - makeClient: makes what a provider is asked through; called on the loop.
    init(
        loop: EventLoop, calls: BlockingCalls, directory: String?, report: @escaping @Sendable (KeyEvent) -> Void,
        clock: @escaping @Sendable () -> Moment,
        makeClient: @escaping @Sendable (OutboundSettings) -> any ServiceClient
    ) {
        self.loop = loop
        self.calls = calls
        self.directory = directory
        self.report = report
        self.clock = clock
        self.makeClient = makeClient
        pulse = Waiter(loop: loop)
    }

    // MARK: Issuers

    /// Keeps the keys of these issuers from now on, and no others; those that were kept already go on as they are. Keys of an
    /// earlier run are on the board when this returns.
    package func keep(_ wanted: [RemoteKeysSettings]) async {
        for issuer in issuers where !wanted.contains(issuer.settings) {
            issuer.retire()
            if issuer.keys != nil { board.set(nil, for: issuer.settings) }
        }
        issuers.removeAll { $0.isRetired }
        var added: [RemoteIssuer] = []
        for settings in wanted where issuer(settings) == nil {
            let clock = clock
            let fetch = KeyFetch(settings, client: makeClient(settings.client), now: { clock().instant })
            lastNumber += 1
            added.append(RemoteIssuer(settings, number: lastNumber, fetch: fetch))
            issuers.append(added[added.count - 1])
        }
        wakeExpectant()
        for issuer in added { await restore(issuer) }
        if isRunning { return pulse.wake() }
        guard !issuers.isEmpty else { return }
        isRunning = true
        Task(executorPreference: loop) { await self.run() }
    }

    private func issuer(_ settings: RemoteKeysSettings) -> RemoteIssuer? {
        issuers.first { $0.settings == settings }
    }

    // MARK: Time

    private func run() async {
        while !issuers.isEmpty {
            tick()
            _ = await pulse.wait(until: .now + untilNextTurn())
        }
        pulse.retire()
        isRunning = false
    }

    /// At most a second, so that idle connections are closed and changes of the clock are seen.
    private func untilNextTurn() -> Nanoseconds {
        let now = clock()
        let waits = issuers.lazy.filter { !$0.schedule.isFetching }
            .map { $0.schedule.nextAttempt(at: now).since(now.instant) }
        return min(.seconds(1), waits.min() ?? .seconds(1))
    }

    /// Does what is due.
    func tick() {
        let now = clock()
        for issuer in issuers {
            issuer.fetch.client.sweep()
            followClock(issuer, now)
            if issuer.schedule.isDue(at: now) { begin(issuer, now) }
        }
    }

    /// Where the date was set back, workers must not take keys for younger than they are.
    private func followClock(_ issuer: RemoteIssuer, _ now: Moment) {
        guard let keys = issuer.keys, let end = issuer.schedule.end(at: now), end < keys.end - 2 else { return }
        publish(FetchedKeys(keys: keys.keys, fetched: keys.fetched - (keys.end - end), end: end), of: issuer)
    }

    // MARK: Fetches

    private func begin(_ issuer: RemoteIssuer, _ now: Moment) {
        issuer.schedule.begin()
        issuer.attempted = now.seconds
        let number = issuer.number
        Task(executorPreference: loop) { await self.fetchKeys(ofIssuer: number) }
    }

    private func fetchKeys(ofIssuer number: Int) async {
        guard let issuer = issuers.first(where: { $0.number == number }) else { return }
        do throws(ProviderError) {
            let result = try await issuer.fetch.run()
            guard !issuer.isRetired else { return }
            take(result, of: issuer)
            await writeRecord(result, of: issuer)
        } catch {
            if !issuer.isRetired { take(error, of: issuer) }
        }
    }

    private func take(_ result: KeyFetch.Result, of issuer: RemoteIssuer) {
        let now = clock()
        issuer.schedule.succeed(at: now, jitter: random.next())
        issuer.failure = nil
        let isChanged = issuer.keys?.keys != result.keys
        let end = issuer.schedule.end(at: now) ?? now.seconds
        publish(FetchedKeys(keys: result.keys, fetched: now.seconds, end: end), of: issuer)
        issuer.endWaits()
        pulse.wake()
        report(
            .fetched(
                issuer.settings, keyCount: result.keys.count, changed: isChanged, url: result.url.description))
    }

    private func take(_ error: ProviderError, of issuer: RemoteIssuer) {
        let now = clock()
        issuer.schedule.fail(at: now)
        issuer.failure = error
        issuer.endWaits()
        pulse.wake()
        report(
            .failed(
                issuer.settings, error,
                retained: issuer.schedule.isUsable(at: now) ? issuer.schedule.end(at: now) : nil))
    }

    private func publish(_ keys: FetchedKeys, of issuer: RemoteIssuer) {
        issuer.keys = keys
        board.set(keys, for: issuer.settings)
        wakeExpectant()
    }

    // MARK: Questions

    /// Asks for newer keys than those on the board: waits for the fetch that is under way, or begins one if its time has come.
    ///
    /// - Parameter issuer: one that is kept; of others there are no keys.
    /// - Returns: what became of it, after twice the time that a request to the provider may take, at the latest.
    package func refresh(_ issuer: RemoteKeysSettings) async -> KeyAnswer {
        let now = clock()
        guard let issuer = self.issuer(issuer) else { return KeyAnswer(isCurrent: false, nextAttempt: now.seconds) }
        let request = issuer.schedule.request(at: now)
        if request == .begin { begin(issuer, now) }
        if request == .begin || request == .wait, await !issuer.waitForFetch() {
            return KeyAnswer(isCurrent: false, nextAttempt: now.seconds + 1)
        }
        return answer(issuer, at: clock())
    }

    private func answer(_ issuer: RemoteIssuer, at now: Moment) -> KeyAnswer {
        let wait =
            if case .notBefore(let instant) = issuer.schedule.request(at: now) {
                instant.since(now.instant)
            } else {
                Nanoseconds(count: 0)
            }
        return KeyAnswer(
            isCurrent: !issuer.isRetired && issuer.schedule.isCurrent(at: now),
            nextAttempt: now.seconds + Int(wait.count.dividedRoundingUp(by: 1_000_000_000)))
    }

    /// Waits until there are keys of all these issuers on the board, however long that takes; those that are kept no more are
    /// not waited for.
    package func waitForKeys(of issuers: [RemoteKeysSettings]) async {
        while areMissing(issuers) {
            await withCheckedContinuation { continuation in
                // They may have come on the way here.
                guard areMissing(issuers) else { return continuation.resume() }
                expectant.append(continuation)
            }
        }
    }

    private func areMissing(_ wanted: [RemoteKeysSettings]) -> Bool {
        issuers.contains { wanted.contains($0.settings) && !$0.schedule.isUsable(at: clock()) }
    }

    private func wakeExpectant() {
        for continuation in expectant { continuation.resume() }
        expectant.removeAll()
    }

    /// What operators are shown of the issuers, in the order in which they are kept.
    package func states() -> [KeyState] {
        let now = clock()
        return issuers.map { issuer in
            let next = issuer.schedule.nextAttempt(at: now).since(now.instant)
            return KeyState(
                settings: issuer.settings, keys: issuer.keys,
                url: issuer.fetch.url?.description ?? issuer.restoredURL, failure: issuer.failure,
                attempted: issuer.attempted,
                nextAttempt: issuer.schedule.isFetching
                    ? nil : now.seconds + Int(next.count.dividedRoundingUp(by: 1_000_000_000)))
        }
    }

    // MARK: Records

    private func restore(_ issuer: RemoteIssuer) async {
        guard let directory else { return }
        let (settings, now) = (issuer.settings, clock().seconds)
        let read = await calls.run {
            Result { () throws(KeyRecordFault) in try KeyRecord.read(for: settings, in: directory, now: now) }
        }
        // Keys that were fetched meanwhile are better.
        guard !issuer.isRetired, issuer.keys == nil else { return }
        switch read {
        case .success(let (record, keys)?):
            let now = clock()
            issuer.schedule.restore(age: max(0, now.seconds - record.fetched), at: now)
            guard let end = issuer.schedule.end(at: now) else { return }
            let restored = FetchedKeys(keys: keys, fetched: record.fetched, end: end)
            issuer.restoredURL = record.url
            issuer.written = restored
            publish(restored, of: issuer)
            report(.restored(settings, age: now.seconds - record.fetched))
        case .success(nil): break
        case .failure(let fault): report(.store(settings, detail: fault.detail))
        case nil: report(.store(settings, detail: "the record was not read: too many files wait to be read"))
        }
    }

    private func writeRecord(_ result: KeyFetch.Result, of issuer: RemoteIssuer) async {
        guard let directory, !issuer.isRetired, issuer.needsRecord, let keys = issuer.keys else { return }
        let settings = issuer.settings
        let path = KeyRecord.path(of: settings, in: directory)
        guard recordsUnderWay.insert(path).inserted else { return }
        defer { recordsUnderWay.remove(path) }
        let record = KeyRecord(
            url: result.url.description, fetched: keys.fetched, text: String(decoding: result.text, as: UTF8.self))
        let written = await calls.run {
            Result { () throws(FileError) in try record.write(for: settings, in: directory) }
        }
        switch written {
        case .success: issuer.written = keys
        case .failure(let error): report(.store(settings, detail: "\(path) cannot be written: \(error.message)"))
        case nil: report(.store(settings, detail: "\(path) was not written: too many files wait to be written"))
        }
    }
}

extension UInt64 {
    fileprivate func dividedRoundingUp(by divisor: UInt64) -> UInt64 { (self + divisor - 1) / divisor }
}
