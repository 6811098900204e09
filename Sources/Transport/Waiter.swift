internal import CLinux

/// Where a task waits until one of its sockets is ready, somebody calls `wake`, or a deadline passes.
///
/// A waiter serves one task at a time and belongs to one event loop. A wake-up that comes while nobody waits is kept, so
/// that none is lost between a look at a socket and the wait.
@safe package final class Waiter {
    package enum Outcome: Sendable {
        case woken, expired
    }

    private let loop: EventLoop
    private var continuation: UnsafeContinuation<Void, Never>?
    private var wakePending = false
    private var hasExpired = false
    /// When the wait under way ends; `TimerWheel` looks at it when the waiter's turn comes.
    var deadline = Instant.never
    /// Where the waiter stands in the timer wheel.
    var place: TimerWheel.Place?

    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Ends the wait under way, or else the next one before it begins.
    package func wake() {
        // SAFETY: the loop and the task share a thread, so nobody else looks at the continuation meanwhile.
        guard let waiting = unsafe continuation else {
            wakePending = true
            return
        }
        deadline = .never
        // SAFETY: the continuation is cleared before it is resumed, so it is resumed exactly once.
        unsafe continuation = nil
        unsafe waiting.resume()
    }

    /// Waits for the next `wake`, until `deadline` at most.
    package func wait(until deadline: Instant) async -> Outcome {
        // Wake-ups that never cease must not put off a deadline.
        guard deadline > loop.now else { return .expired }
        if wakePending {
            wakePending = false
            return .woken
        }
        hasExpired = false
        self.deadline = deadline
        loop.timers.schedule(self)
        // In a task without an actor, the loop may take a turn before the continuation is there.
        // SAFETY: either this resumes the continuation or `wake` does; the loop and the task share a thread.
        unsafe await withUnsafeContinuation { waiting in
            guard wakePending else { return unsafe continuation = waiting }
            wakePending = false
            unsafe waiting.resume()
        }
        self.deadline = .never
        return hasExpired ? .expired : .woken
    }

    /// Forgets a wake-up that nobody has waited for: what it was for has ended.
    package func forget() {
        wakePending = false
    }

    /// Called by the timer wheel when `deadline` has passed.
    func expire() {
        hasExpired = true
        wake()
    }

    /// Takes the waiter out of the timer wheel; called when its task ends.
    package func retire() {
        loop.timers.remove(self)
    }
}
