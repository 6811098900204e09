package import Bytes
package import HTTP2
package import TLS
package import Transport

/// One worker's connections to one upstream: the idle ones wait here for the next exchange.
package final class UpstreamPool {
    let settings: UpstreamSettings
    let loop: EventLoop
    let blocks: BlockPool
    let streamStorage: StreamStorage
    private let tls: ClientTLSContext?
    /// Starts a task on the worker.
    let startTask: (@escaping () async -> Void) -> Void
    private var idle: [UpstreamConnection] = []
    /// Sockets of this process that requests of clients must not reach, whatever the upstream's name comes to.
    private let forbidden: [SocketAddress]
    var openCount = 0
    private var isRetired = false
    /// The connections of HTTP/2.
    var sharing = SharedConnections()
    /// The addresses found last, which serve on when a later look-up fails.
    private var addresses: [SocketAddress]
    private var lastFailure: ResolverError?
    /// Exchanges that came before the first look-up had an outcome.
    private var early: [Waiter] = []
    /// Counts the look-ups that found other addresses than the one before.
    private var lookUp = 0

    /// Told of every connection that did not come about, and where it was to lead.
    package var onFailure: ((String, UpstreamError) -> Void)?

    /// - Parameters:
    ///   - settings: the server and its bounds.
    ///   - tls: the TLS of `settings`; nil for cleartext.
    ///   - loop: the worker's loop.
    ///   - blocks: where connections get the storage of their buffers.
    ///   - streamStorage: where the streams of HTTP/2 get theirs.
    ///   - forbidden: sockets of this process that are not connected to, whatever the server's name comes to.
    ///   - startTask: starts a task on the worker, which connections of HTTP/2 need.
    package init(
        settings: UpstreamSettings, tls: ClientTLSContext? = nil, loop: EventLoop, blocks: BlockPool,
        streamStorage: StreamStorage = StreamStorage(), forbidden: [SocketAddress] = [],
        startTask: @escaping (@escaping () async -> Void) -> Void
    ) {
        self.settings = settings
        self.tls = tls
        self.startTask = startTask
        self.loop = loop
        self.blocks = blocks
        self.streamStorage = streamStorage
        self.forbidden = forbidden
        addresses =
            switch settings.server {
            case .unix(let path): SocketAddress(unixPath: path).map { [$0] } ?? []
            case .host(let host, let port): SocketAddress(numericHost: host, port: port).map { [$0] } ?? []
            }
    }

    /// Whether it speaks HTTP/2, which gRPC needs, and over which WebSockets are not forwarded.
    package var speaksHTTP2: Bool { settings.applicationProtocol == .http2 }

    /// A connection that is ready for a request: an idle one, or else a new one.
    ///
    /// - Parameters:
    ///   - waiter: whom the connection wakes; the caller's own.
    ///   - mayReuse: false asks for a new one, after a reused one has died.
    /// - Returns: the connection, which the caller releases or closes.
    /// - Throws: `.busy`, `.unresolved`, `.unreachable` or `.timedOut(.connect)`.
    package func acquire(waiter: Waiter, mayReuse: Bool) async throws(UpstreamError) -> UpstreamConnection {
        if settings.applicationProtocol == .http2 { return try await acquireShared(waiter: waiter) }
        if mayReuse, let connection = takeIdle() {
            connection.stream.waiter = waiter
            connection.isReused = true
            return connection
        }
        return try await open(waiter: waiter)
    }

    /// Opens a connection, which counts until it is closed.
    ///
    /// - Parameter waiter: whom it wakes; the caller's own.
    /// - Returns: the connection.
    /// - Throws: `.busy`, `.unresolved`, `.unreachable`, `.notSecured` or `.timedOut(.connect)`.
    func open(waiter: Waiter) async throws(UpstreamError) -> UpstreamConnection {
        await waitForFirstLookUp(waiter)
        guard openCount < settings.connectionLimit else { throw .busy }
        guard !addresses.isEmpty else {
            throw .unresolved(lastFailure ?? ResolverError(description: "not resolved yet"))
        }
        openCount += 1
        do throws(UpstreamError) {
            return try await connect(waiter: waiter)
        } catch {
            openCount -= 1
            throw error
        }
    }

    /// Waits for the first look-up, as long as connecting may take: right after the start, not having an address yet is no
    /// reason to refuse.
    private func waitForFirstLookUp(_ waiter: Waiter) async {
        let deadline = loop.now + settings.connectTimeout
        while addresses.isEmpty, lastFailure == nil, nameToResolve != nil {
            if !early.contains(where: { $0 === waiter }) { early.append(waiter) }
            if await waiter.wait(until: deadline) == .expired { break }
        }
    }

    /// Tries the addresses in order; each has its share of the time, so that one that does not answer leaves some to the
    /// next.
    private func connect(waiter: Waiter) async throws(UpstreamError) -> UpstreamConnection {
        let deadline = loop.now + settings.connectTimeout
        let share = Nanoseconds(count: settings.connectTimeout.count / UInt64(addresses.count))
        var failure = SocketError.unreachable
        for address in addresses {
            if forbidden.contains(where: { address.reaches($0) }) {
                failure = .notPermitted
                continue
            }
            let stream: TCPStream
            do throws(SocketError) {
                stream = try await TCPStream.connect(
                    to: address, on: loop, waiter: waiter, until: min(deadline, loop.now + share))
            } catch {
                failure = error
                noteFailure(of: address, .unreachable(error))
                if deadline <= loop.now { throw .timedOut(.connect) }
                continue
            }
            do throws(TLSError) {
                guard let tls else { return makeConnection(stream, to: address) }
                return makeConnection(try await secure(stream, with: tls, waiter: waiter), to: address)
            } catch {
                noteFailure(of: address, .notSecured(error))
                throw .notSecured(error)
            }
        }
        throw .unreachable(failure)
    }

    // What is needed only for a moment would be held in the frame of `connect`, and so by every client's task.

    @inline(never)
    private func makeConnection(_ stream: any ByteStream, to address: SocketAddress) -> UpstreamConnection {
        UpstreamConnection(stream: stream, address: address.description, lookUp: lookUp)
    }

    @inline(never)
    private func noteFailure(of address: SocketAddress, _ error: UpstreamError) {
        onFailure?(address.description, error)
    }

    /// Does the handshake of TLS.
    private func secure(
        _ stream: TCPStream, with tls: ClientTLSContext, waiter: Waiter
    ) async throws(TLSError) -> any ByteStream {
        let secured = try tls.connect(stream)
        secured.waiter = waiter
        do throws(TLSError) {
            try await secured.handshake(until: loop.now + settings.handshakeTimeout)
            return secured
        } catch {
            secured.close(abruptly: false)
            throw error
        }
    }

    private func takeIdle() -> UpstreamConnection? {
        while let connection = idle.popLast() {
            if connection.stream.isQuiet && loop.now.since(connection.idleSince) < settings.idleTimeout {
                return connection
            }
            close(connection)
        }
        return nil
    }

    /// Takes `connection` back after an exchange that left it between messages.
    package func release(_ connection: UpstreamConnection) {
        if connection.isShared { return endStream(of: connection) }
        connection.stream.waiter = nil
        // Bytes that nobody asked for make the next response doubtful; whether more came is looked at before it is used.
        guard !isRetired, connection.input.isEmpty, leadsToUpstream(connection) else {
            return close(connection)
        }
        connection.input.release(to: blocks)
        connection.idleSince = loop.now
        idle.append(connection)
    }

    /// Whether the upstream's name still has the address that `connection` leads to.
    private func leadsToUpstream(_ connection: UpstreamConnection) -> Bool {
        leadsToUpstream(connection.address, &connection.lookUp)
    }

    /// Whether the upstream's name still has `address`, of which `known` is the look-up after which that was known.
    func leadsToUpstream(_ address: String, _ known: inout Int) -> Bool {
        if known == lookUp { return true }
        known = lookUp
        return addresses.contains { $0.description == address }
    }

    /// Closes `connection`, whatever state it is in.
    package func close(_ connection: UpstreamConnection) {
        if connection.isShared { return endStream(of: connection) }
        connection.input.release(to: blocks)
        connection.stream.close(abruptly: false)
        openCount -= 1
    }

    /// Closes the idle connections that were idle too long or that the upstream has ended; called about once a second.
    package func sweep() {
        sweepShared()
        idle.removeAll { connection in
            let isUsable =
                connection.stream.isQuiet && loop.now.since(connection.idleSince) < settings.idleTimeout
                && leadsToUpstream(connection)
            if !isUsable { close(connection) }
            return !isUsable
        }
    }

    /// Keeps no connection from now on: nobody will ask for one, but for exchanges that run already.
    package func retire() {
        isRetired = true
        retireShared()
        for connection in idle { close(connection) }
        idle.removeAll()
    }

    /// The name to look up, or nil if the server is an address.
    package var nameToResolve: (host: String, port: UInt16)? {
        guard case .host(let host, let port) = settings.server, SocketAddress(numericHost: host, port: port) == nil
        else {
            return nil
        }
        return (host, port)
    }

    /// Whether there is an address to connect to.
    package var hasAddress: Bool { !addresses.isEmpty }

    /// Takes the outcome of a look-up; a failure leaves the last good addresses in use. Connections to addresses that are
    /// no longer found are closed when they are idle.
    package func update(_ outcome: Result<[SocketAddress], ResolverError>) {
        switch outcome {
        case .success(let found):
            if found != addresses { lookUp += 1 }
            addresses = found
            lastFailure = nil
        case .failure(let error):
            lastFailure = error
        }
        for waiter in early { waiter.wake() }
        early.removeAll()
    }
}
