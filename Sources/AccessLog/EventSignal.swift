import CLinux

/// A counter in the kernel that one thread raises and another waits for.
struct EventSignal: ~Copyable, Sendable {
    private let descriptor: CInt

    init() throws(AccessLogError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .noResources(code: last_error()) }
    }

    deinit {
        _ = close(descriptor)
    }

    /// Wakes the thread that waits, or the next that will.
    func raise() {
        eventfd_write(descriptor, 1)
    }

    /// Waits until the signal was raised since the last wait, at most `milliseconds`; −1 is for ever.
    func wait(milliseconds: CInt = -1) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // SAFETY: `request` is one structure that lives for the call.
        guard unsafe poll(&request, 1, milliseconds) > 0 else { return }
        var count: eventfd_t = 0
        // SAFETY: `count` lives for the call.
        unsafe eventfd_read(descriptor, &count)
    }
}
