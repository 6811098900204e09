internal import CLinux

/// One worker's view of a listening socket: accepts connections while there are any, a bounded number per turn.
package final class Listener: EventSource {
    package let socket: ListeningSocket
    private let loop: EventLoop
    private let onConnection: (consuming Descriptor, SocketAddress) -> Void
    private let onExhaustion: () -> Void
    private var isAccepting = false

    /// The kernel reports the socket again as long as connections wait, so a small number keeps the turns short.
    private static let acceptsPerTurn = 16

    /// - Parameters:
    ///   - socket: what is listened on, shared with the other workers.
    ///   - loop: the worker's loop.
    ///   - onConnection: receives each accepted connection with its remote address.
    ///   - onExhaustion: called when no descriptor is left; accepting is then paused until `resume`.
    package init(
        socket: ListeningSocket, loop: EventLoop,
        onConnection: @escaping (consuming Descriptor, SocketAddress) -> Void, onExhaustion: @escaping () -> Void
    ) {
        self.socket = socket
        self.loop = loop
        self.onConnection = onConnection
        self.onExhaustion = onExhaustion
    }

    /// Starts, or starts again, to accept.
    package func resume() throws(SocketError) {
        guard !isAccepting else { return }
        try loop.register(self, socket.descriptor, isListener: true)
        isAccepting = true
    }

    /// Stops accepting; the socket itself stays open for the other workers.
    package func pause() {
        guard isAccepting else { return }
        isAccepting = false
        loop.unregister(socket.descriptor, closing: false)
    }

    override func handle(_ events: EventSet) {
        for _ in 0..<Self.acceptsPerTurn {
            var raw = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            // SAFETY: `raw` has the size given, and the kernel's structures begin alike.
            let number = unsafe withUnsafeMutablePointer(to: &raw) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe accept4(socket.descriptor, $0, &length, flags)
                }
            }
            guard number >= 0 else {
                if case .outOfDescriptors = SocketError(errno: last_error()) {
                    pause()
                    onExhaustion()
                }
                return
            }
            let descriptor = Descriptor(owning: number)
            if raw.ss_family != sa_family_t(AF_UNIX) { setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
            guard let address = SocketAddress(raw) else { continue }
            onConnection(descriptor, address)
        }
    }
}
