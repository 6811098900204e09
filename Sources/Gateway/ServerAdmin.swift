import Admin
import Bytes
import Configuration
import Transport

/// What the process shows to operators.
extension Server {
    /// Binds what operators connect to; nothing if the configuration asks for none.
    static func bindAdminListener(_ configuration: GatewayConfiguration) throws(StartError) -> [ListeningSocket] {
        guard let admin = configuration.admin else { return [] }
        let addresses = try BoundListener.addresses(of: admin.address)
        let limit = adminLimits(configuration).connections
        do throws(SocketError) {
            var sockets: [ListeningSocket] = []
            for address in addresses {
                sockets.append(try ListeningSocket(address: address, connectionLimit: limit, isPrivate: true))
            }
            return sockets
        } catch {
            throw .cannotListen(admin.address.description, error.description)
        }
    }

    /// - Parameter sockets: what operators connect to.
    /// - Returns: the listener; nil if there is no socket.
    /// - Throws: `SocketError.outOfDescriptors` if the process has none left.
    static func makeAdminListener(
        on sockets: [ListeningSocket], _ present: Present, _ readiness: Readiness, _ providers: Providers,
        _ revocations: Revocations
    ) throws(SocketError) -> AdminListener? {
        guard !sockets.isEmpty else { return nil }
        let keys = ReadinessCheck("keys") {
            providers.missingKeys(
                in: present.withLock(\.configuration), now: Int(WallClock.microseconds / 1_000_000))
        }
        let operations = AdminOperations(
            readiness: readiness.checks + [keys],
            configuration: {
                let configuration = present.withLock(\.configuration)
                return AdminOperations.Document(json: configuration.effective ?? [], version: configuration.hash)
            },
            routes: { RouteList.json(of: present.withLock(\.configuration)) }, logLevel: { ApplicationLog.level },
            setLogLevel: ApplicationLog.change(to:))
        return try AdminListener(
            sockets: sockets, operations: operations, limits: adminLimits(present.withLock(\.configuration)))
    }

    private static func adminLimits(_ configuration: GatewayConfiguration) -> AdminLimits {
        AdminLimits(
            // There are few places, and operators are near.
            receiving: min(.seconds(5), Nanoseconds(configuration.limits.headTimeout)),
            idle: min(.seconds(15), Nanoseconds(configuration.limits.idleTimeout)))
    }
}
