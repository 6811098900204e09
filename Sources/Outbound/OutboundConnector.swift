internal import Bytes
internal import HTTP
internal import TLS
internal import Transport

/// Opens connections to services: looks names up, goes through proxies, does the handshake of TLS.
final class OutboundConnector {
    private let settings: OutboundSettings
    private let loop: EventLoop
    private let blocks: BlockPool
    private let lookUps: NameLookUps
    /// Sockets of this process that must not be connected to, whatever a name comes to.
    private let forbidden: [SocketAddress]
    /// The TLS to each server, which remembers the server's newest session.
    private var contexts: [String: ClientTLSContext] = [:]

    /// To how many servers the TLS is kept: a service has one or two.
    private static let contextLimit = 8
    /// How many addresses of a name are tried.
    private static let addressLimit = 8

    init(
        _ settings: OutboundSettings, loop: EventLoop, blocks: BlockPool, calls: BlockingCalls,
        forbidden: [SocketAddress]
    ) {
        self.settings = settings
        self.loop = loop
        self.blocks = blocks
        self.forbidden = forbidden
        lookUps = NameLookUps(loop: loop, calls: calls)
    }

    /// Opens a connection that is ready for requests to the origin of `url`.
    ///
    /// - Parameters:
    ///   - url: where to.
    ///   - waiter: the caller's own.
    ///   - deadline: when to give up.
    /// - Returns: the connection.
    /// - Throws: `OutboundError` of any stage but `http`.
    func open(
        _ url: ServiceURL, waiter: Waiter, until deadline: Instant
    ) async throws(OutboundError) -> OutboundConnection {
        let proxy = settings.proxies.proxy(for: url)
        guard proxy?.isSecure != true else { throw OutboundError(.proxy, "the URL of the proxy is not an http URL") }
        let socket = try await reach(proxy ?? url, isProxy: proxy != nil, waiter: waiter, until: deadline)
        guard url.isSecure else { return connection(over: socket, to: url) }
        if proxy != nil { try await tunnel(socket, to: url, waiter: waiter, until: deadline) }
        return connection(over: try await secure(socket, to: url, waiter: waiter, until: deadline), to: url)
    }

    private func connection(over stream: any ByteStream, to url: ServiceURL) -> OutboundConnection {
        OutboundConnection(stream, origin: url.origin, loop: loop, blocks: blocks)
    }

    // MARK: Connecting

    /// Tries the addresses in order; each has its share of the time that is left, so that one that does not answer leaves
    /// some to the next.
    private func reach(
        _ place: ServiceURL, isProxy: Bool, waiter: Waiter, until deadline: Instant
    ) async throws(OutboundError) -> TCPStream {
        let addresses = try await addresses(of: place, isProxy: isProxy, waiter: waiter, until: deadline)
        var failures: [String] = []
        for (index, address) in addresses.enumerated() {
            if forbidden.contains(where: { address.reaches($0) }) {
                failures.append("\(address.description) is a socket of the gateway itself")
                continue
            }
            let left = deadline.since(loop.now).count / UInt64(addresses.count - index)
            let end = loop.now + Nanoseconds(count: left)
            do throws(SocketError) {
                return try await TCPStream.connect(to: address, on: loop, waiter: waiter, until: end)
            } catch {
                let reason = end <= loop.now ? "no connection came about in time" : error.description
                failures.append("\(address.description): \(reason)")
            }
        }
        throw OutboundError(isProxy ? .proxy : .connect, failures.joined(separator: "; "))
    }

    private func addresses(
        of place: ServiceURL, isProxy: Bool, waiter: Waiter, until deadline: Instant
    ) async throws(OutboundError) -> ArraySlice<SocketAddress> {
        let stage = isProxy ? OutboundError.Stage.proxy : .lookUp
        do throws(ResolverError) {
            if let found = try await lookUps.addresses(of: place, waiter: waiter, until: deadline) {
                return found.prefix(Self.addressLimit)
            }
        } catch {
            throw OutboundError(stage, "\(place.host) cannot be resolved: \(error.description)")
        }
        throw OutboundError(stage, "\(place.host) was not resolved in time")
    }

    // MARK: Proxies

    private func tunnel(
        _ socket: TCPStream, to url: ServiceURL, waiter: Waiter, until deadline: Instant
    ) async throws(OutboundError) {
        let name = url.hostAndPort
        let message = Array("CONNECT \(name) HTTP/1.1\r\nHost: \(name)\r\nUser-Agent: gateway\r\n\r\n".utf8)
        let connection = connection(over: socket, to: url)
        do throws(ExchangeFault) {
            try await connection.openTunnel(message, waiter: waiter, until: deadline)
        } catch {
            connection.close()
            throw OutboundError(.proxy, error.detail)
        }
    }

    // MARK: TLS

    private func secure(
        _ socket: TCPStream, to url: ServiceURL, waiter: Waiter, until deadline: Instant
    ) async throws(OutboundError) -> TLSStream {
        do throws(TLSError) {
            let context: ClientTLSContext
            do throws(TLSError) {
                context = try self.context(for: url)
            } catch {
                socket.close(abruptly: false)
                throw error
            }
            let stream = try context.connect(socket)
            stream.waiter = waiter
            do throws(TLSError) {
                try await stream.handshake(until: deadline)
                return stream
            } catch {
                stream.close(abruptly: false)
                throw error
            }
        } catch {
            throw OutboundError(.tls, error.message)
        }
    }

    private func context(for url: ServiceURL) throws(TLSError) -> ClientTLSContext {
        if let known = contexts[url.hostAndPort] { return known }
        var wanted = ClientTLSSettings(serverName: settings.tls.serverName ?? url.host)
        wanted.authorities = settings.tls.authorities
        wanted.certificate = settings.tls.certificate
        let context = try ClientTLSContext(wanted)
        if contexts.count >= Self.contextLimit { contexts.removeAll() }
        contexts[url.hostAndPort] = context
        return context
    }
}
