internal import CLinux

/// A counter in the kernel that one thread raises and another waits for.
package struct EventSignal: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// - Throws: `SocketError.outOfDescriptors` if the process has none left.
    package init() throws(SocketError) {
        let number = eventfd(0, Int32(EFD_CLOEXEC))
        guard number >= 0 else { throw SocketError(errno: last_error()) }
        descriptor = Descriptor(owning: number)
    }

    /// Wakes the thread that waits, or the next that will.
    package func raise() {
        eventfd_write(descriptor.number, 1)
    }

    /// Waits until the signal was raised since the last wait.
    ///
    /// - Parameters:
    ///   - milliseconds: how long to wait at most; −1 is for ever.
    ///   - changes: ends the wait, too, when one of its directories changes; the changes are taken from it then.
    /// - Returns: what ended the wait.
    @discardableResult
    package func wait(milliseconds: Int32 = -1, or changes: DirectoryChanges? = nil) -> Outcome {
        var requests = [
            pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: changes?.descriptor.number ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        // SAFETY: the call reads and writes as many structures as the array holds.
        guard unsafe poll(&requests, nfds_t(requests.count), milliseconds) > 0 else { return .expired }
        if requests[1].revents != 0 { changes?.takeAll() }
        guard requests[0].revents != 0 else { return .changed }
        var count: eventfd_t = 0
        // SAFETY: `count` lives for the call.
        unsafe eventfd_read(descriptor.number, &count)
        return .raised
    }

    /// What ended a wait.
    package enum Outcome: Sendable {
        case raised, changed, expired
    }
}
