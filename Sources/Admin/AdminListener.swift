import Bytes
package import Transport

/// The listener for operators: on a thread of its own, so that no answer of its ever holds up a worker.
package actor AdminListener {
    private nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    private let operations: AdminOperations
    private let limits: AdminLimits
    private let sockets: [ListeningSocket]
    private let blocks = BlockPool()
    private var listeners: [Listener] = []
    private var openConnections = 0

    /// - Parameters:
    ///   - sockets: what to listen on; they belong to the listener from now on.
    ///   - operations: what it shows and changes.
    ///   - limits: what clients may take.
    /// - Throws: `SocketError.outOfDescriptors` if the process has none left.
    package init(
        sockets: [ListeningSocket], operations: AdminOperations, limits: AdminLimits
    ) throws(SocketError) {
        loop = try EventLoop()
        self.sockets = sockets
        self.operations = operations
        self.limits = limits
    }

    /// Where it listens.
    package nonisolated var addresses: [SocketAddress] { sockets.map(\.address) }

    /// Serves on a new thread until `stop`.
    ///
    /// - Returns: the thread; nil if the system allows no further one.
    package nonisolated func start() -> Thread? {
        let thread = Thread(name: "admin") { [loop] in loop.run() }
        if thread != nil { Task(executorPreference: loop) { await self.listen() } }
        return thread
    }

    /// Accepts nothing more, closes the sockets and ends the thread, whatever is still being sent.
    package nonisolated func stop() {
        Task(executorPreference: loop) { await self.end() }
    }

    private func listen() {
        for socket in sockets {
            let responder = AdminResponder(site: AdminSite(socket.address), operations: operations)
            listeners.append(
                Listener(
                    socket: socket, loop: loop,
                    onConnection: { [self, loop] descriptor, _ in
                        let number = descriptor.release()
                        Task(executorPreference: loop) { await self.serve(number, responder) }
                    },
                    onExhaustion: { [self, loop] in
                        Task(executorPreference: loop) { await self.listenAgainLater() }
                    }))
        }
        resume()
    }

    private func resume() {
        for listener in listeners { try? listener.resume() }
    }

    /// Without a free descriptor, accepting would fail at once, again and again.
    private func listenAgainLater() async {
        let waiter = Waiter(loop: loop)
        _ = await waiter.wait(until: .now + .milliseconds(100))
        resume()
    }

    private func serve(_ descriptor: Int32, _ responder: AdminResponder) async {
        openConnections += 1
        defer { openConnections -= 1 }
        guard let stream = try? TCPStream(accepted: Descriptor(owning: descriptor), loop: loop) else { return }
        let connection = AdminConnection(
            stream: stream, loop: loop, blocks: blocks, limits: limits, responder: responder)
        if openConnections <= limits.connections { await connection.serve() } else { await connection.refuse() }
    }

    private func end() {
        for listener in listeners { listener.pause() }
        listeners.removeAll()
        for socket in sockets { socket.close() }
        loop.stop()
    }
}
