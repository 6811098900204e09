import Synchronization

/// Carries a generation from the thread that built it to the loop that it belongs to.
final class Handover: Sendable {
    private let generation: Mutex<Generation?>

    init(_ generation: consuming sending Generation) {
        self.generation = Mutex(generation)
    }

    /// The generation; nil if it was taken before.
    func take() -> sending Generation? {
        generation.withLock { $0.take() }
    }
}
