internal import JOSE

/// A question that is under way, and who else waits for the answer.
final class IntrospectionQuestion {
    let digest: SHA256Digest
    /// When it was asked.
    let begin: Moment
    private var given: IntrospectionAnswer?
    private(set) var waiting: [CheckedContinuation<IntrospectionAnswer, Never>] = []

    init(about digest: SHA256Digest, begin: Moment) {
        self.digest = digest
        self.begin = begin
    }

    /// Waits for the answer.
    func answer() async -> IntrospectionAnswer {
        await withCheckedContinuation { continuation in
            // A task of another loop may be late here, and the answer there already.
            if let given { return continuation.resume(returning: given) }
            waiting.append(continuation)
        }
    }

    /// Gives the answer to all who wait.
    func end(_ answer: IntrospectionAnswer) {
        given = answer
        for continuation in waiting { continuation.resume(returning: answer) }
        waiting = []
    }
}
