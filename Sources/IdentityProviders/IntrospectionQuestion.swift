internal import JOSE

/// A question that is under way, and who else waits for the answer.
final class IntrospectionQuestion {
    let digest: SHA256Digest
    /// When it was asked.
    let begin: Moment
    private(set) var waiting: [CheckedContinuation<IntrospectionAnswer, Never>] = []

    init(about digest: SHA256Digest, begin: Moment) {
        self.digest = digest
        self.begin = begin
    }

    /// Waits for the answer.
    func answer() async -> IntrospectionAnswer {
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Gives the answer to all who wait.
    func end(_ answer: IntrospectionAnswer) {
        for continuation in waiting { continuation.resume(returning: answer) }
        waiting = []
    }
}
