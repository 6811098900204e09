internal import JOSE

/// A question that is under way, and who else waits for the answer.
final class IntrospectionQuestion {
    let digest: SHA256Digest
    /// When it was asked.
    let begin: Moment
    private(set) var waiting: [CheckedContinuation<IntrospectionAnswer, Never>] = []
    /// The answer, once it is there.
    private var given: IntrospectionAnswer?

    init(about digest: SHA256Digest, begin: Moment) {
        self.digest = digest
        self.begin = begin
    }

    /// Waits for the answer.
    func answer() async -> IntrospectionAnswer {
        // It may come before the wait begins.
        await withCheckedContinuation { continuation in
            if let given { continuation.resume(returning: given) } else { waiting.append(continuation) }
        }
    }

    /// Gives the answer to all who wait.
    func end(_ answer: IntrospectionAnswer) {
        given = answer
        for continuation in waiting { continuation.resume(returning: answer) }
        waiting = []
    }
}
