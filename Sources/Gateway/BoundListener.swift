import Configuration
import Transport

/// A listener of the configuration with its sockets: one, or one for each address that its name has.
struct BoundListener: Sendable {
    let id: ListenerID
    let sockets: [ListeningSocket]

    /// Binds what the configuration listens on.
    ///
    /// - Parameters:
    ///   - configuration: the listeners and their limits.
    ///   - present: what is bound already; a listener that stays keeps its sockets.
    ///   - listens: false refuses connections to new sockets until they listen.
    /// - Returns: one for each listener, in file order.
    /// - Throws: `StartError.cannotListen`; nothing new is bound then.
    static func bind(
        _ configuration: GatewayConfiguration, keeping present: [BoundListener] = [], listens: Bool = true
    ) throws(StartError) -> [BoundListener] {
        var bound: [BoundListener] = []
        for id in ListenerID.all(in: configuration) {
            if let kept = present.first(where: { $0.id == id }) {
                bound.append(kept)
            } else {
                bound.append(try BoundListener(id, connectionLimit: configuration.limits.connections, listens: listens))
            }
        }
        return bound
    }

    private init(_ id: ListenerID, connectionLimit: Int, listens: Bool) throws(StartError) {
        self.id = id
        var sockets: [ListeningSocket] = []
        for found in try Self.addresses(of: id.address) {
            do throws(SocketError) {
                sockets.append(try ListeningSocket(address: found, connectionLimit: connectionLimit, listens: listens))
            } catch {
                throw .cannotListen(found.description, error.description)
            }
        }
        self.sockets = sockets
    }

    static func addresses(of address: SocketAddressConfiguration) throws(StartError) -> [SocketAddress] {
        switch address {
        case .unix(let path):
            guard let found = SocketAddress(unixPath: path) else {
                throw .cannotListen(
                    address.description, "the path is longer than \(SocketAddress.maximumPathLength) bytes")
            }
            return [found]
        case .ip(let host, let port):
            if let found = SocketAddress(numericHost: host, port: UInt16(port)) { return [found] }
            do throws(ResolverError) {
                return try Resolver.addresses(of: host, port: UInt16(port))
            } catch {
                throw .cannotListen(address.description, error.description)
            }
        }
    }
}
