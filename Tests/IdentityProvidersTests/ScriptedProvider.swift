import Outbound
import Synchronization
import Transport

@testable import IdentityProviders

/// A provider that a test plays, and the client that asks it.
final class ScriptedProvider: Sendable {
    private struct State {
        var answers: [String: Result<OutboundResponse, OutboundError>] = [:]
        var asked: [String] = []
        var sizes: [Int] = []
        var isHeld = false
        var held: [CheckedContinuation<Void, Never>] = []
        var retired = 0
    }

    private let state = Mutex(State())

    /// The URLs that were asked for, in order.
    var asked: [String] { state.withLock { $0.asked } }
    /// How large the answers might have been, in bytes.
    var sizes: [Int] { state.withLock { $0.sizes } }
    /// How many clients were let go.
    var retired: Int { state.withLock { $0.retired } }

    /// Answers requests for a URL so from now on; without an answer nobody listens.
    func set(_ url: String, _ answer: Result<OutboundResponse, OutboundError>?) {
        state.withLock { $0.answers[url] = answer }
    }

    /// Lets requests wait for `release`.
    func hold() {
        state.withLock { $0.isHeld = true }
    }

    /// Lets all requests go on.
    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Waits until so many requests have come.
    func waitForRequests(_ count: Int) async {
        while !Task.isCancelled, asked.count < count { await Task.yield() }
    }

    func client() -> any ServiceClient { Client(self) }

    private func receive(_ request: OutboundRequest, _ size: Int) async -> Result<OutboundResponse, OutboundError> {
        let url = request.url.description
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                state.asked.append(url)
                state.sizes.append(size)
                if state.isHeld { state.held.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        return state.withLock { $0.answers[url] } ?? .failure(OutboundError(.connect, "no luck"))
    }

    private final class Client: ServiceClient {
        private let provider: ScriptedProvider

        init(_ provider: ScriptedProvider) {
            self.provider = provider
        }

        func send(
            _ request: OutboundRequest, maximumSize: Int, until deadline: Instant
        ) async throws(OutboundError) -> OutboundResponse {
            try await provider.receive(request, maximumSize).get()
        }

        func sweep() {}

        func retire() { provider.state.withLock { $0.retired += 1 } }
    }
}
