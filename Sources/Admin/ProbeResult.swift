import Synchronization

/// Carries the outcome of a probe from its loop's task to the thread that asked.
final class ProbeResult: Sendable {
    private let value = Mutex<Result<AdminProbe.Outcome, AdminProbeError>>(.failure(.noAnswer))

    func store(_ outcome: Result<AdminProbe.Outcome, AdminProbeError>) {
        value.withLock { $0 = outcome }
    }

    func take() throws(AdminProbeError) -> AdminProbe.Outcome {
        try value.withLock { $0 }.get()
    }
}
