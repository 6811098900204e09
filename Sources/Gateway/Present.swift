import AccessLog
import Configuration
import Synchronization

/// What is in force at the moment: what a reload changes. The threads that reload, drain and answer operators share it.
final class Present: Sendable {
    struct State {
        var configuration: GatewayConfiguration
        var listeners: [BoundListener]
        var accessLog: AccessLogWriter
        var workers: [Worker] = []
        var isDraining = false
    }

    private let state: Mutex<State>

    init(_ state: State) {
        self.state = Mutex(state)
    }

    func withLock<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        state.withLock(body)
    }
}
