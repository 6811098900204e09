internal import Bytes
internal import JOSE
internal import Outbound
package import Transport

/// Keeps the keys of issuers: fetches them ahead of time, at once when a token names one that is not known, and takes them
/// from the disk when the issuer is down.
package actor KeyService {
    private nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    /// Where workers find the keys.
    package nonisolated let board = KeyBoard()
    private let calls: BlockingCalls
    private let directory: String?
    private let clock: @Sendable () -> Moment
    private let makeClient: @Sendable (OutboundSettings) -> any ServiceClient
    private let report: @Sendable (KeyEvent) -> Void
    private var issuers: [KeptIssuer] = []
    private var early: [CheckedContinuation<Void, Never>] = []
    private var random = RandomNumbers()

    /// How long a discovered URL is used before it is looked for again.
    private static let discoveryLifetime = Nanoseconds.seconds(3600)
    /// How long an unchanged set is not written out again, though its time has changed.
    private static let writeInterval = Nanoseconds.seconds(60)
    /// How long idle connections may stay at most.
    private static let sweepInterval = Nanoseconds.seconds(5)

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

    /// The same with the clock and the client of a test; both are called on the loop.
    init(
        loop: EventLoop, calls: BlockingCalls, directory: String?, report: @escaping @Sendable (KeyEvent) -> Void,
        clock: @escaping @Sendable () -> Moment, makeClient: @escaping @Sendable (OutboundSettings) -> any ServiceClient
    ) {
        self.loop = loop
        self.calls = calls
        self.directory = directory
        self.report = report
        self.clock = clock
        self.makeClient = makeClient
    }

    // MARK: Issuers

    /// Keeps the keys of these issuers from now on, and no others; those that were kept already go on as they are. Keys of an
    /// earlier run are on the board when this returns.
    package func keep(_ wanted: [RemoteKeysSettings]) async {
        for issuer in issuers where !wanted.contains(issuer.settings) {
            issuer.retire()
            board.set(nil, for: issuer.settings)
        }
        issuers.removeAll { $0.isRetired }
        for settings in wanted where issuer(settings) == nil {
            let issuer = KeptIssuer(settings, client: makeClient(settings.client), loop: loop)
            issuers.append(issuer)
            await restore(issuer)
            Task(executorPreference: loop) { await self.maintain(settings) }
        }
        wakeEarly()
    }

    private func issuer(_ settings: RemoteKeysSettings) -> KeptIssuer? {
        issuers.first { $0.settings == settings }
    }

    /// Fetches the keys of an issuer ahead of time, for as long as it is kept.
    private func maintain(_ settings: RemoteKeysSettings) async {
        guard let issuer = issuer(settings) else { return }
        while !issuer.isRetired {
            let now = clock().instant
            if issuer.schedule.isDue(at: now) { await fetch(issuer) }
            endKeys(of: issuer)
            issuer.client.sweep()
            let next = issuer.schedule.isFetching ? .never : issuer.schedule.next
            _ = await issuer.waiter.wait(until: min(next, issuer.end, loop.now + Self.sweepInterval))
        }
        issuer.waiter.retire()
    }

    /// Takes care that keys end at their age, though the clock that they bear was set back.
    private func endKeys(of issuer: KeptIssuer) {
        let now = clock()
        guard now.instant >= issuer.end, let kept = board.keys(issuer.settings) else { return }
        issuer.end = .never
        board.set(
            FetchedKeys(keys: kept.keys, fetched: kept.fetched, end: min(kept.end, now.seconds)), for: issuer.settings)
    }

    // MARK: Fetching

    /// Asks for newer keys than those on the board: waits for the fetch that is under way, or begins one if its time has come.
    ///
    /// - Parameter settings: the issuer; one that is kept.
    /// - Returns: what came of it.
    package func refresh(_ settings: RemoteKeysSettings) async -> KeyAnswer {
        guard let issuer = issuer(settings) else {
            return KeyAnswer(isCurrent: false, nextAttempt: clock().seconds + 1)
        }
        switch issuer.schedule.chance(at: clock().instant) {
        case .fetch: await fetch(issuer)
        case .wait: await issuer.fetchEnds()
        case .tooEarly: break
        }
        let now = clock()
        let pause = issuer.schedule.earliest.since(now.instant).count
        return KeyAnswer(
            isCurrent: issuer.schedule.isCurrent(at: now.instant),
            nextAttempt: now.seconds + Int((pause + 999_999_999) / 1_000_000_000))
    }

    private func fetch(_ issuer: KeptIssuer) async {
        issuer.schedule.begin()
        let begin = clock()
        issuer.attempted = begin.seconds
        let isKnown = issuer.discovered != .never && begin.instant < issuer.discovered + Self.discoveryLifetime
        let outcome: Result<KeyFetch.Outcome, KeyFetchError>
        do throws(KeyFetchError) {
            let fetch = KeyFetch(issuer.settings, through: issuer.client, loop: loop)
            outcome = .success(try await fetch.run(known: isKnown ? issuer.url : nil))
        } catch {
            outcome = .failure(error)
        }
        let now = clock()
        switch outcome {
        case .success(let fetched) where !issuer.isRetired:
            if !isKnown || issuer.url != fetched.url { issuer.discovered = now.instant }
            take(fetched, of: issuer, at: now)
            issuer.endFetch()
            await write(fetched, of: issuer, at: now)
        case .failure(let error) where !issuer.isRetired:
            fail(issuer, error, at: now)
            issuer.endFetch()
        default: issuer.endFetch()
        }
    }

    private func take(_ fetched: KeyFetch.Outcome, of issuer: KeptIssuer, at now: Moment) {
        let settings = issuer.settings
        issuer.url = fetched.url
        issuer.failure = nil
        issuer.schedule.succeed(at: now.instant, jitter: Double(random.next() >> 11) / Double(1 << 53))
        issuer.end = now.instant + settings.maximumAge
        let before = board.keys(settings)
        let keys = FetchedKeys(
            keys: fetched.keys, fetched: now.seconds, end: now.seconds + settings.maximumAgeSeconds)
        board.set(keys, for: settings)
        wakeEarly()
        report(
            .fetched(
                settings, keyCount: fetched.keys.count, changed: before?.keys != fetched.keys,
                url: fetched.url.description))
    }

    private func fail(_ issuer: KeptIssuer, _ error: KeyFetchError, at now: Moment) {
        let kept = board.keys(issuer.settings).flatMap { now.seconds < $0.end ? $0 : nil }
        issuer.failure = error
        issuer.schedule.fail(at: now.instant, rest: kept.map { .seconds(UInt64($0.end - now.seconds)) })
        report(.failed(issuer.settings, error, retained: kept?.end))
    }

    // MARK: The disk

    private func restore(_ issuer: KeptIssuer) async {
        guard let directory else { return }
        let (settings, now) = (issuer.settings, clock())
        let path = KeyRecord.path(of: settings, in: directory)
        let outcome = await calls.run { () -> Result<(record: KeyRecord, keys: KeySet), KeyRecord.Fault> in
            Result { () throws(KeyRecord.Fault) in try KeyRecord.read(path, of: settings, now: now.seconds) }
        }
        switch outcome {
        case .success(let (record, keys)):
            let age = now.seconds - record.fetched
            issuer.end = now.instant + .seconds(UInt64(settings.maximumAgeSeconds - age))
            issuer.url = try? ServiceURL(record.url)
            board.set(
                FetchedKeys(keys: keys, fetched: record.fetched, end: record.fetched + settings.maximumAgeSeconds),
                for: settings)
            report(.restored(settings, age: age))
        case .failure(.unusable(let detail)): report(.store(settings, detail: "\(path) is not used: \(detail)"))
        case .failure(.absent), nil: break
        }
    }

    private func write(_ fetched: KeyFetch.Outcome, of issuer: KeptIssuer, at now: Moment) async {
        guard let directory else { return }
        if let written = issuer.written, written.keys == fetched.keys, now.instant < written.at + Self.writeInterval {
            return
        }
        let settings = issuer.settings
        let path = KeyRecord.path(of: settings, in: directory)
        let record = KeyRecord(fetched: now.seconds, url: fetched.url.description, text: fetched.text)
        let outcome = await calls.run { () -> Result<Void, FileError> in
            Result { () throws(FileError) in try record.write(path, of: settings) }
        }
        switch outcome {
        case .success: issuer.written = (fetched.keys, now.instant)
        case .failure(let error):
            report(.store(settings, detail: "\(path) cannot be written: \(error.message)"))
        // Other calls wait in line: the next fetch will do.
        case nil: break
        }
    }

    // MARK: Looking

    /// Waits until there are usable keys of all these issuers on the board, however long that takes; issuers that are not kept
    /// any more are not waited for.
    package func waitForKeys(of wanted: [RemoteKeysSettings]) async {
        while wanted.contains(where: { issuer($0) != nil && !hasKeys($0) }) {
            await withCheckedContinuation { early.append($0) }
        }
    }

    private func hasKeys(_ settings: RemoteKeysSettings) -> Bool {
        board.keys(settings).map { clock().seconds < $0.end } ?? false
    }

    private func wakeEarly() {
        for continuation in early { continuation.resume() }
        early = []
    }

    /// What operators are shown of the issuers, in the order in which they came.
    package func states() -> [KeyState] {
        let now = clock()
        return issuers.map { issuer in
            KeyState(
                settings: issuer.settings, keys: board.keys(issuer.settings), url: issuer.url?.description,
                failure: issuer.failure, attempted: issuer.attempted,
                nextAttempt: issuer.schedule.isFetching
                    ? nil : now.seconds + Int(issuer.schedule.next.since(now.instant).count / 1_000_000_000))
        }
    }
}
