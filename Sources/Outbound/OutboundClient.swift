internal import Bytes
internal import HTTP
package import Transport

/// The gateway's own client for one service: HTTP/1.1 over connections that are used again. It belongs to one loop.
package final class OutboundClient {
    private let settings: OutboundSettings
    private let loop: EventLoop
    private let connector: OutboundConnector
    private var idle: [OutboundConnection] = []
    /// How many requests have their turn.
    private var running = 0
    /// Requests that wait for their turn, in order; none while `running` is below the limit.
    private var queue: [Turn] = []
    private var isRetired = false

    private final class Turn {
        let waiter: Waiter
        var hasCome = false

        init(waiter: Waiter) {
            self.waiter = waiter
        }
    }

    /// How long an idle connection is kept: many servers close theirs after five seconds.
    static let idleTime = Nanoseconds.seconds(4)
    /// How many requests may wait for their turn.
    static let queueLimit = 1000
    static let redirectLimit = 3
    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

    /// - Parameters:
    ///   - settings: how the service is reached.
    ///   - loop: where it runs.
    ///   - calls: threads that names are looked up on.
    ///   - forbidden: sockets of this process that must not be connected to, whatever a name comes to.
    package init(_ settings: OutboundSettings, loop: EventLoop, calls: BlockingCalls, forbidden: [SocketAddress]) {
        self.settings = settings
        self.loop = loop
        connector = OutboundConnector(settings, loop: loop, blocks: BlockPool(), calls: calls, forbidden: forbidden)
    }

    /// Sends a request and receives the whole response; several may run at once.
    ///
    /// - Parameters:
    ///   - request: the request. It may arrive twice: it is sent once more if a connection that was used before ends before a
    ///     byte of the response came.
    ///   - maximumSize: how large the content of the response may be, in bytes.
    ///   - deadline: when the wait for the response ends, unless the settings end it earlier.
    /// - Returns: the response, whatever its status; redirects to the same host and port are followed for GET, at most three.
    /// - Throws: `OutboundError`.
    package func send(
        _ request: OutboundRequest, maximumSize: Int, until deadline: Instant
    ) async throws(OutboundError) -> OutboundResponse {
        // The loop's own reading may be old, and would cost the request some of its time.
        let deadline = min(deadline, .now + settings.timeout)
        let waiter = Waiter(loop: loop)
        defer { waiter.retire() }
        try await takeTurn(waiter, until: deadline)
        defer { passTurn() }
        var request = request
        for _ in 0...Self.redirectLimit {
            let answer = try await exchange(request, maximumSize, waiter, until: deadline)
            guard Self.redirects.contains(answer.response.status) else { return answer.response }
            request.url = try Self.target(of: answer.location, for: request)
        }
        throw OutboundError(.http, "more than \(Self.redirectLimit) redirects")
    }

    /// Closes idle connections that are too old or that the service has ended; called about once a second.
    package func sweep() {
        idle.removeAll { connection in
            if isUsable(connection) { return false }
            connection.close()
            return true
        }
    }

    /// Keeps no connection from now on; called before the client is given up, since the loop knows idle connections, too.
    package func retire() {
        isRetired = true
        for connection in idle { connection.close() }
        idle.removeAll()
    }

    // MARK: Turns

    private func takeTurn(_ waiter: Waiter, until deadline: Instant) async throws(OutboundError) {
        if running < settings.connectionLimit {
            running += 1
            return
        }
        guard queue.count < Self.queueLimit else {
            throw OutboundError(.connect, "\(Self.queueLimit) requests wait for a connection already")
        }
        let turn = Turn(waiter: waiter)
        queue.append(turn)
        while !turn.hasCome, await waiter.wait(until: deadline) == .woken {}
        guard loop.now < deadline else {
            if turn.hasCome { passTurn() } else { queue.removeAll { $0 === turn } }
            throw OutboundError(.connect, "no connection was free in time")
        }
    }

    private func passTurn() {
        guard !queue.isEmpty else { return running -= 1 }
        let next = queue.removeFirst()
        next.hasCome = true
        next.waiter.wake()
    }

    // MARK: Exchanges

    private func exchange(
        _ request: OutboundRequest, _ maximumSize: Int, _ waiter: Waiter, until deadline: Instant
    ) async throws(OutboundError) -> OutboundConnection.Answer {
        let url = request.url
        guard url.isSecure || url.isLoopback || settings.allowsCleartext else {
            throw OutboundError(.connect, "an http URL that does not lead to this machine is not allowed")
        }
        if let connection = takeIdle(url.origin) {
            do throws(ExchangeFault) {
                return try await exchange(request, over: connection, maximumSize, waiter, until: deadline)
            } catch {
                guard case .unanswered = error else { throw OutboundError(.http, error.detail) }
            }
        }
        makeRoom()
        let connection = try await connector.open(url, waiter: waiter, until: deadline)
        do throws(ExchangeFault) {
            return try await exchange(request, over: connection, maximumSize, waiter, until: deadline)
        } catch {
            throw OutboundError(.http, error.detail)
        }
    }

    private func exchange(
        _ request: OutboundRequest, over connection: OutboundConnection, _ maximumSize: Int, _ waiter: Waiter,
        until deadline: Instant
    ) async throws(ExchangeFault) -> OutboundConnection.Answer {
        let url = request.url
        let isAbsolute = !url.isSecure && settings.proxies.proxy(for: url) != nil
        do throws(ExchangeFault) {
            let answer = try await connection.exchange(
                request.message(isAbsolute: isAbsolute), request.method, maximumSize: maximumSize, waiter: waiter,
                until: deadline)
            if answer.isPersistent, !isRetired { keep(connection) } else { connection.close() }
            return answer
        } catch {
            connection.close()
            throw error
        }
    }

    // MARK: Idle connections

    private func keep(_ connection: OutboundConnection) {
        connection.idleSince = loop.now
        idle.append(connection)
    }

    /// The connection to `origin` that was used last.
    private func takeIdle(_ origin: String) -> OutboundConnection? {
        while let index = idle.lastIndex(where: { $0.origin == origin }) {
            let connection = idle.remove(at: index)
            if isUsable(connection) { return connection }
            connection.close()
        }
        return nil
    }

    private func isUsable(_ connection: OutboundConnection) -> Bool {
        connection.isQuiet && loop.now.since(connection.idleSince) < Self.idleTime
    }

    /// Closes the oldest idle connection if one more would be too many.
    private func makeRoom() {
        if running + idle.count > settings.connectionLimit, !idle.isEmpty { idle.removeFirst().close() }
    }

    // MARK: Redirects

    /// Where a redirect leads to (RFC 9110 §15.4). A service that could send the gateway to other hosts could have it ask
    /// whatever only the gateway can reach.
    private static func target(
        of location: String?, for request: OutboundRequest
    ) throws(OutboundError) -> ServiceURL {
        guard let location, let target = try? request.url.following(location) else {
            throw OutboundError(.http, "a redirect to nothing that could be followed")
        }
        guard request.method == .get else {
            // What was sent may come back in it, a token for example.
            throw OutboundError(.http, "a redirect, which \(request.method.name) does not follow")
        }
        guard target.host == request.url.host, target.port == request.url.port else {
            throw OutboundError(.http, "a redirect to \(target.hostAndPort), another host or port")
        }
        guard target.isSecure || !request.url.isSecure else {
            throw OutboundError(.http, "a redirect to \(target.host) from https to http")
        }
        return target
    }
}
