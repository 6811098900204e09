internal import CLinux

/// The signals that tell this process what to do: fetched one at a time, so that none interrupts a thread.
package enum ProcessSignals {
    /// What a signal asks for.
    package enum Request: Sendable {
        /// `SIGTERM`, `SIGINT` or `SIGQUIT`: end.
        case stop
        /// `SIGUSR1`: open the log anew.
        case reopenLog
        /// `SIGHUP`: read the configuration again.
        case reload
    }

    private static var numbers: [Int32] { [SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP] }

    private static var set: sigset_t {
        var set = sigset_t()
        // SAFETY: the calls only change the set given.
        unsafe _ = sigemptyset(&set)
        for number in numbers { unsafe _ = sigaddset(&set, number) }
        return set
    }

    /// Keeps the signals for `next`, in this thread and in all that it starts, and ignores `SIGPIPE`: call it before any
    /// other thread starts.
    package static func hold() {
        var set = set
        // SAFETY: the set outlives the call; the old mask is not asked for.
        unsafe _ = pthread_sigmask(SIG_BLOCK, &set, nil)
        ignore_broken_pipes()
    }

    /// Waits for the next signal.
    package static func next() -> Request {
        var set = set
        while true {
            var number: Int32 = 0
            // SAFETY: both values outlive the call.
            guard unsafe sigwait(&set, &number) == 0 else { continue }
            switch number {
            case SIGUSR1: return .reopenLog
            case SIGHUP: return .reload
            default: return .stop
            }
        }
    }
}
