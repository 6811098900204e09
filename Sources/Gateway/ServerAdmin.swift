import Admin
import Bytes
import Configuration
import IdentityProviders
import Logging
import Revocation
import Transport

/// What the process shows to operators, and lets them change.
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

    /// Makes the admin listener; nil if there is nothing to listen on.
    static func makeAdminListener(
        on sockets: [ListeningSocket], _ present: Present, _ readiness: Readiness, _ providers: Providers,
        _ revocations: Revocations, _ logger: Logger
    ) throws(SocketError) -> AdminListener? {
        guard !sockets.isEmpty else { return nil }
        let keys = ReadinessCheck("keys") {
            providers.missingKeys(in: present.withLock(\.configuration), now: WallClock.seconds)
        }
        let operations = AdminOperations(
            readiness: readiness.checks + [keys],
            configuration: {
                let configuration = present.withLock(\.configuration)
                return AdminOperations.Document(json: configuration.effective ?? [], version: configuration.hash)
            },
            routes: { RouteList.json(of: present.withLock(\.configuration)) }, logLevel: { ApplicationLog.level },
            setLogLevel: ApplicationLog.change(to:),
            keys: { await providers.keys.states().json(now: WallClock.seconds) },
            revocations: {
                let entries = revocations.entries
                return AdminOperations.Revocations(file: entries.written, admin: entries.added)
            },
            revoke: { entries in
                do throws(RevocationError) {
                    let warning = try revocations.add(entries)
                    for worker in present.withLock(\.workers) { await worker.wakeStreams() }
                    return note("revoked", entries.count, warning, logger)
                } catch {
                    return .tooMany
                }
            },
            restore: { entries in
                let (count, warning) = revocations.remove(entries)
                return note("restored", count, warning, logger)
            })
        return try AdminListener(
            sockets: sockets, operations: operations, limits: adminLimits(present.withLock(\.configuration)))
    }

    private static func note(
        _ word: String, _ count: Int, _ warning: String?, _ logger: Logger
    ) -> AdminOperations.RevocationOutcome {
        var metadata: Logger.Metadata = ["event": "revocations", "count": .stringConvertible(count)]
        if let warning { metadata["warning"] = .string(warning) }
        logger.log(level: warning == nil ? .info : .warning, "tokens were \(word)", metadata: metadata)
        return .changed(count: count, warning: warning)
    }

    private static func adminLimits(_ configuration: GatewayConfiguration) -> AdminLimits {
        AdminLimits(
            // There are few places, and operators are near.
            receiving: min(.seconds(5), Nanoseconds(configuration.limits.headTimeout)),
            idle: min(.seconds(15), Nanoseconds(configuration.limits.idleTimeout)))
    }
}
