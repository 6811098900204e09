import Configuration
import Transport

/// A listener of the configuration with its sockets: one, or one for each address that its name has.
struct BoundListener: Sendable {
    let address: SocketAddressConfiguration
    let sockets: [ListeningSocket]

    /// Binds what the configuration listens on.
    ///
    /// - Parameters:
    ///   - configuration: the listeners and their limits.
    ///   - present: what is bound already; a listener that stays keeps its sockets.
    /// - Returns: one for each listener, in file order.
    /// - Throws: `StartError.cannotListen`; nothing new is bound then.
    static func bind(
        _ configuration: GatewayConfiguration, keeping present: [BoundListener] = []
    ) throws(StartError) -> [BoundListener] {
        var present = present
        var bound: [BoundListener] = []
        for listener in configuration.listeners {
            if let kept = present.firstIndex(where: { $0.address == listener.address }) {
                bound.append(present.remove(at: kept))
            } else {
                bound.append(try BoundListener(listener.address, connectionLimit: configuration.limits.connections))
            }
        }
        return bound
    }

    /// Whether the other has the same sockets.
    func isSame(as other: BoundListener) -> Bool { sockets.first === other.sockets.first }

    private init(_ address: SocketAddressConfiguration, connectionLimit: Int) throws(StartError) {
        self.address = address
        var sockets: [ListeningSocket] = []
        for found in try Self.addresses(of: address) {
            do throws(SocketError) {
                sockets.append(try ListeningSocket(address: found, connectionLimit: connectionLimit))
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
