internal import Bytes
internal import HTTP2
internal import Transport

/// A pool's connections of HTTP/2, and the exchanges that wait for room on one.
struct SharedConnections {
    var connections: [SharedConnection] = []
    /// How many connections are being made.
    var connecting = 0
    var waiting: [Waiter] = []
    /// How often making one has failed, and how the last time.
    var failures = 0
    var lastFailure = UpstreamError.busy

    /// Lets everyone who waits look again.
    mutating func wakeAll() {
        for waiter in waiting { waiter.wake() }
        waiting.removeAll(keepingCapacity: true)
    }

    /// Lets who waits longest look again.
    mutating func wakeFirst() {
        if !waiting.isEmpty { waiting.removeFirst().wake() }
    }

    /// Takes out who waits no more, so that no wake-up goes to it in place of another.
    mutating func remove(_ waiter: Waiter) {
        if !waiting.isEmpty { waiting.removeAll { $0 === waiter } }
    }
}

extension UpstreamPool {
    /// Room for a stream: on a connection that is there, or else on a new one, which serves all who wait for it.
    ///
    /// - Throws: `.busy` where none becomes free within the time of connecting, or why there is no connection.
    func acquireShared(waiter: Waiter) async throws(UpstreamError) -> UpstreamConnection {
        let deadline = loop.now + settings.connectTimeout + settings.handshakeTimeout
        let failures = sharing.failures
        var isLate = false
        defer { sharing.remove(waiter) }
        while true {
            if let roomy = sharing.connections.first(where: { $0.session.capacity > 0 }) {
                if roomy.session.capacity > 1 { sharing.wakeFirst() }
                return UpstreamConnection(on: roomy, waiter: waiter)
            }
            if isLate { throw sharing.connections.isEmpty ? .timedOut(.connect) : .busy }
            if sharing.failures != failures, sharing.connecting == 0 { throw sharing.lastFailure }
            if sharing.connecting == 0, openCount < settings.connectionLimit { startConnection() }
            if !sharing.waiting.contains(where: { $0 === waiter }) { sharing.waiting.append(waiter) }
            isLate = await waiter.wait(until: deadline) == .expired
        }
    }

    /// Ends the exchange's stream, which makes room for another once the connection has taken its end.
    func endStream(of connection: UpstreamConnection) {
        connection.input.release(to: blocks)
        connection.http2?.close(abruptly: false)
    }

    private func startConnection() {
        sharing.connecting += 1
        startTask { await self.runConnection() }
    }

    /// Makes a connection and carries its bytes until it ends.
    private func runConnection() async {
        let waiter = Waiter(loop: loop)
        defer { waiter.retire() }
        let opened: UpstreamConnection
        do throws(UpstreamError) {
            opened = try await open(waiter: waiter)
        } catch {
            return connectionFailed(error)
        }
        let made = try? SharedConnection(
            opened, settings: settings, loop: loop, blocks: blocks, storage: streamStorage)
        guard let shared = made else {
            close(opened)
            return connectionFailed(.busy)
        }
        let failure = await shared.run {
            sharing.connecting -= 1
            sharing.connections.append(shared)
            sharing.wakeAll()
            shared.session.onRoom = { [self] in sharing.wakeFirst() }
        }
        shared.session.onRoom = nil
        openCount -= 1
        if let failure {
            onFailure?(shared.address, failure)
            return connectionFailed(failure)
        }
        sharing.connections.removeAll { $0 === shared }
        sharing.wakeAll()
    }

    private func connectionFailed(_ error: UpstreamError) {
        sharing.connecting -= 1
        sharing.failures += 1
        sharing.lastFailure = error
        sharing.wakeAll()
    }

    /// Lets connections to addresses that are no longer the upstream's end.
    func sweepShared() {
        for shared in sharing.connections where !leadsToUpstream(shared.address, &shared.lookUp) {
            shared.retire()
        }
    }

    /// Lets all connections end when their exchanges do.
    func retireShared() {
        for shared in sharing.connections { shared.retire() }
    }
}
