import Configuration

/// A listener, recognised from one configuration to the next.
struct ListenerID: Hashable, Sendable {
    let address: SocketAddressConfiguration
    /// How many listeners of the same address come before it: only on port 0 may there be several.
    let number: Int

    /// The listeners of a configuration, in file order.
    static func all(in configuration: GatewayConfiguration) -> [ListenerID] {
        var counts: [SocketAddressConfiguration: Int] = [:]
        return configuration.listeners.map { listener in
            defer { counts[listener.address, default: 0] += 1 }
            return ListenerID(address: listener.address, number: counts[listener.address, default: 0])
        }
    }
}
