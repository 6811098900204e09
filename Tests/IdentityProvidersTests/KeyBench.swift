import Bytes
import JOSE
import Outbound
import Synchronization
import Testing
import Transport

@testable import IdentityProviders

/// A service that keeps the keys of one issuer, whose provider and clock the test plays.
final class KeyBench: Sendable {
    private struct State {
        var events: [KeyEvent] = []
        var time = Moment(
            instant: Instant(nanoseconds: 1_000_000_000_000), timeOfDay: Int64(KeyBench.start) * 1_000_000)
    }

    private final class Stage: Sendable {
        let state = Mutex(State())
    }

    /// When the clock starts, in seconds since 1970.
    static let start = 1_800_000_000
    static let url = "https://issuer.test/keys"
    let provider = ScriptedProvider()
    let service: KeyService
    let settings: RemoteKeysSettings
    private let stage = Stage()
    private let loop: EventLoop

    /// A bench whose state directory is this; nil for none.
    init(directory: String? = nil) throws {
        settings = try .sample(source: .url(ServiceURL(Self.url)))
        let loop = try EventLoop()
        _ = try #require(Thread(name: "test") { loop.run() })
        self.loop = loop
        service = KeyService(
            loop: loop, calls: try BlockingCalls(threadCount: 1, capacity: 16), directory: directory,
            report: { [stage] event in stage.state.withLock { $0.events.append(event) } },
            clock: { [stage] in stage.state.withLock { $0.time } },
            makeClient: { [provider] _ in provider.client() })
    }

    func end() { loop.stop() }

    // MARK: What was seen

    /// What is on the board.
    var keys: FetchedKeys? { service.board.keys(settings) }

    /// What was reported, in words; times are in seconds since the bench started.
    var events: [String] { stage.state.withLock { $0.events.map(Self.words) } }

    private static func words(_ event: KeyEvent) -> String {
        switch event {
        case .fetched(_, let count, let changed, _): "fetched \(count) \(changed ? "changed" : "same")"
        case .failed(_, let error, let retained):
            "failed \(error.stage.rawValue)" + (retained.map { " until \($0 - start)" } ?? "")
        case .restored(_, let age): "restored \(age)"
        case .store(_, let detail): "store \(detail)"
        }
    }

    // MARK: What happens

    /// Lets the provider have a new key from now on.
    func provideKeys() throws { provider.set(Self.url, answer(try SampleKeys.set())) }

    /// Begins with keys that were just fetched.
    func begin() async throws {
        try provideKeys()
        await service.keep([settings])
        await service.waitForKeys(of: [settings])
    }

    func passTime(seconds: UInt64) {
        stage.state.withLock {
            $0.time.instant = $0.time.instant + .seconds(seconds)
            $0.time.timeOfDay += Int64(seconds) * 1_000_000
        }
    }

    func setDate(by seconds: Int64) {
        stage.state.withLock { $0.time.timeOfDay += seconds * 1_000_000 }
    }

    /// So many ask for newer keys at the same time.
    func refresh(count: Int) async -> [KeyAnswer] {
        await withTaskGroup { group in
            for _ in 0..<count { group.addTask { [service, settings] in await service.refresh(settings) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Waits until something was reported.
    func waitForEvent(_ words: String) async {
        while !Task.isCancelled, !events.contains(words) { await Task.yield() }
    }
}
