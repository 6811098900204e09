import AccessLog
import Configuration
import Synchronization
import Transport

/// What is in force at the moment: what a reload changes. The threads that reload, drain and answer operators share it.
final class Present: Sendable {
    struct State {
        var configuration: GatewayConfiguration
        var listeners: [BoundListener]
        var accessLog: AccessLogWriter
        var workers: [Worker] = []
        var isDraining = false
        /// Whether clients may connect: not while keys are waited for.
        private(set) var isListening = false

        /// Lets clients connect from now on.
        ///
        /// - Returns: where.
        /// - Throws: what `listen(2)` fails with.
        mutating func listen() throws(SocketError) -> [BoundListener] {
            isListening = true
            for socket in listeners.flatMap(\.sockets) { try socket.listen() }
            return listeners
        }
    }

    private let state: Mutex<State>

    init(_ state: State) {
        self.state = Mutex(state)
    }

    func withLock<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        state.withLock(body)
    }
}
