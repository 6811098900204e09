internal import CLinux

/// A thread of the process with a name that `ps -L` shows. Signals are for the threads that fetch them: they are blocked in
/// it, and a write to a pipe without a reader is an error.
package struct Thread: Sendable {
    private let handle: pthread_t

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts `body` on a thread of its own; nil if the system allows no further thread.
    ///
    /// - Parameters:
    ///   - name: at most 15 bytes.
    ///   - body: what the thread does.
    package init?(name: String, _ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        // SAFETY: the reference is retained here and released by the thread, or below when there is none.
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        let previous = Self.blockSignals()
        defer { Self.setMask(previous) }
        // SAFETY: the thread takes over the reference that was retained for it.
        let result = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe pthread_setname_np(pthread_self(), start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            unsafe start.release()
            return nil
        }
        self.handle = handle
    }

    /// Blocks every signal in the calling thread but those of a crash, which must end the process with its report; a new
    /// thread begins with the mask of the one that starts it.
    ///
    /// - Returns: the mask before.
    private static func blockSignals() -> sigset_t {
        var blocked = sigset_t()
        var previous = sigset_t()
        // SAFETY: the sets outlive the calls.
        unsafe _ = sigfillset(&blocked)
        for crash in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
            unsafe _ = sigdelset(&blocked, crash)
        }
        unsafe _ = pthread_sigmask(SIG_BLOCK, &blocked, &previous)
        return previous
    }

    private static func setMask(_ mask: sigset_t) {
        var mask = mask
        // SAFETY: the set outlives the call; the old mask is not asked for.
        unsafe _ = pthread_sigmask(SIG_SETMASK, &mask, nil)
    }

    /// Lets other threads run before the calling one.
    ///
    /// - Parameter niceness: how much so, up to 19, for work that nobody waits for (nice(2)).
    package static func yieldToOthers(niceness: Int32 = 19) {
        be_nice(niceness)
    }

    /// Waits until the thread has ended.
    package func join() {
        pthread_join(handle, nil)
    }
}
