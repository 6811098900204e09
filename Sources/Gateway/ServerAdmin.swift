import Admin
import Configuration
import IdentityProviders
import Transport

/// What the process shows to operators.
extension Server {
    /// Binds the admin listener; nil if the configuration asks for none.
    static func makeAdminListener(
        _ configuration: GatewayConfiguration, _ present: Present, _ readiness: Readiness
    ) throws(StartError) -> AdminListener? {
        guard let admin = configuration.admin else { return nil }
        let limits = AdminLimits(
            // There are few places, and operators are near.
            receiving: min(.seconds(5), Nanoseconds(configuration.limits.headTimeout)),
            idle: min(.seconds(15), Nanoseconds(configuration.limits.idleTimeout)))
        let addresses = try BoundListener.addresses(of: admin.address)
        do throws(SocketError) {
            var sockets: [ListeningSocket] = []
            for address in addresses {
                sockets.append(
                    try ListeningSocket(address: address, connectionLimit: limits.connections, isPrivate: true))
            }
            let operations = AdminOperations(
                readiness: readiness.checks,
                configuration: {
                    let configuration = present.withLock(\.configuration)
                    return AdminOperations.Document(
                        json: configuration.effective ?? [], version: configuration.hash)
                },
                routes: { RouteList.json(of: present.withLock(\.configuration)) }, logLevel: { ApplicationLog.level },
                setLogLevel: ApplicationLog.change(to:), keys: { [KeyState]().json(now: 0) },
                revocations: { .init(file: present.withLock(\.configuration).revocations, admin: []) },
                revoke: { _ in .tooMany }, restore: { _ in .tooMany })
            return try AdminListener(sockets: sockets, operations: operations, limits: limits)
        } catch {
            throw .cannotListen(admin.address.description, error.description)
        }
    }
}
