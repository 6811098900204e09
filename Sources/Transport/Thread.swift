internal import CLinux

/// A thread of the process with a name that `ps -L` shows.
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
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
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

    /// Waits until the thread has ended.
    package func join() {
        pthread_join(handle, nil)
    }
}
