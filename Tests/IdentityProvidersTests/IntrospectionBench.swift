import Bytes
import HTTP
import JOSE
import Outbound
import StrictJSON
import Synchronization
import Testing
import Transport

@testable import IdentityProviders
@testable import Outbound

/// What an endpoint says of a good token.
let activeAnswer = "{\"active\":true,\"sub\":\"alice\"}"
/// What an endpoint says of any other.
let inactiveAnswer = "{\"active\":false}"

/// Runs `body` with a service that asks one issuer.
func withBench(
    _ settings: IntrospectionSettings? = nil,
    _ body: (IntrospectionBench, IntrospectionSettings) async throws -> Void
) async throws {
    let bench = try IntrospectionBench()
    defer { bench.end() }
    let settings = try settings ?? .sample()
    await bench.service.keep([settings])
    try await body(bench, settings)
}

/// A service on a loop of its own, whose endpoints and clock the test plays.
final class IntrospectionBench: Sendable {
    /// A question that waits for its answer.
    struct Question: Sendable {
        let request: OutboundRequest
        let maximumSize: Int
        let deadline: Instant
        fileprivate let continuation: CheckedContinuation<Result<OutboundResponse, OutboundError>, Never>?

        func answer(_ text: String, status: Int = 200) {
            continuation?.resume(
                returning: .success(
                    OutboundResponse(status: status, mediaType: "application/json", content: Array(text.utf8))))
        }

        func fail(_ stage: OutboundError.Stage) {
            continuation?.resume(returning: .failure(OutboundError(stage, "no luck")))
        }
    }

    private struct State {
        var questions: [Question] = []
        /// How many were ever asked.
        var asked = 0
        var clients = 0
        var retired = 0
        var swept = 0
        var failures: [ProviderError] = []
        var time = Moment(instant: Instant(nanoseconds: 1_000_000_000_000), timeOfDay: 1_800_000_000_000_000)
    }

    private final class Stage: Sendable {
        let state = Mutex(State())
    }

    private final class Client: ServiceClient {
        private let stage: Stage

        init(_ stage: Stage) {
            self.stage = stage
        }

        func send(
            _ request: OutboundRequest, maximumSize: Int, until deadline: Instant
        ) async throws(OutboundError) -> OutboundResponse {
            let result = await withCheckedContinuation { continuation in
                let question = Question(
                    request: request, maximumSize: maximumSize, deadline: deadline, continuation: continuation)
                stage.state.withLock {
                    $0.questions.append(question)
                    $0.asked += 1
                }
            }
            return try result.get()
        }

        func sweep() { stage.state.withLock { $0.swept += 1 } }

        func retire() { stage.state.withLock { $0.retired += 1 } }
    }

    /// When the clock starts, in seconds since 1970.
    static let start = 1_800_000_000
    private let stage = Stage()
    private let loop: EventLoop
    private let url: ServiceURL
    let service: IntrospectionService

    init() throws {
        url = try ServiceURL("https://nobody.test")
        let loop = try EventLoop()
        _ = try #require(Thread(name: "test") { loop.run() })
        self.loop = loop
        service = IntrospectionService(
            loop: loop,
            report: { [stage] event in
                guard case .failed(_, let error) = event else { return }
                stage.state.withLock { $0.failures.append(error) }
            }, clock: { [stage] in stage.state.withLock { $0.time } },
            makeClient: { [stage] _ in
                stage.state.withLock { $0.clients += 1 }
                return Client(stage)
            })
    }

    func end() { loop.stop() }

    // MARK: What was seen

    var asked: Int { stage.state.withLock { $0.asked } }
    var clients: Int { stage.state.withLock { $0.clients } }
    var retired: Int { stage.state.withLock { $0.retired } }
    var swept: Int { stage.state.withLock { $0.swept } }
    var failures: [ProviderError] { stage.state.withLock { $0.failures } }

    /// The next question that the endpoint is asked; if none comes until the test's time is up, one that nobody asked.
    func question() async -> Question {
        while !Task.isCancelled {
            if let question = stage.state.withLock({ $0.questions.isEmpty ? nil : $0.questions.removeFirst() }) {
                return question
            }
            await Task.yield()
        }
        return Question(request: OutboundRequest(.post, url), maximumSize: 0, deadline: .never, continuation: nil)
    }

    /// Waits until so many wait for the answer that somebody else has asked for.
    func waitForCallers(_ count: Int, about token: String) async {
        while !Task.isCancelled, await service.callers(about: Self.digest(token)) < count { await Task.yield() }
    }

    /// Waits until so many questions were asked.
    func waitForQuestions(_ count: Int) async {
        while !Task.isCancelled, asked < count { await Task.yield() }
    }

    // MARK: What happens

    func passTime(seconds: UInt64) {
        stage.state.withLock {
            $0.time.instant = $0.time.instant + .seconds(seconds)
            $0.time.timeOfDay += Int64(seconds) * 1_000_000
        }
    }

    func setClock(by seconds: Int64) {
        stage.state.withLock { $0.time.timeOfDay += seconds * 1_000_000 }
    }

    private static func digest(_ token: String) -> SHA256Digest { SHA256.hash(Array(token.utf8).span) }

    func ask(_ token: String, of settings: IntrospectionSettings) async -> Answer {
        Answer(await service.ask(Array(token.utf8), digest: Self.digest(token), of: settings))
    }

    /// Asks, and answers the question that must follow.
    func ask(_ token: String, of settings: IntrospectionSettings, answering text: String) async -> Answer {
        async let answer = ask(token, of: settings)
        await question().answer(text)
        return await answer
    }

    /// Asks, and lets the question that must follow fail.
    func ask(_ token: String, of settings: IntrospectionSettings, failing stage: OutboundError.Stage) async
        -> Answer
    {
        async let answer = ask(token, of: settings)
        await question().fail(stage)
        return await answer
    }

    /// An answer that can be compared.
    enum Answer: Equatable, Sendable {
        /// `end` is in seconds since the bench started.
        case active(String?, end: Int)
        case inactive, unavailable

        var end: Int? {
            if case .active(_, let end) = self { end } else { nil }
        }

        init(_ answer: IntrospectionAnswer) {
            switch answer {
            case .active(let content, let end):
                self = .active(content["sub"]?.string, end: end - IntrospectionBench.start)
            case .inactive: self = .inactive
            case .unavailable: self = .unavailable
            }
        }
    }
}

extension IntrospectionService {
    fileprivate func callers(about token: SHA256Digest) -> Int {
        issuers.compactMap { $0.questions[token]?.waiting.count }.reduce(0, +)
    }
}
