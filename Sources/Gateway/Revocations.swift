import Bytes
import Configuration
import Revocation
import Synchronization

/// What is revoked: by the configuration's file, and by operators while the process runs.
final class Revocations: Sendable {
    private let store: RevocationStore
    private let trust: TrustState
    /// What the file of the present configuration says; locked for as long as a change takes.
    private let written = Mutex<[RevocationEntry]>([])

    /// - Parameters:
    ///   - directory: where what operators revoke is kept; nil for nowhere.
    ///   - trust: told of every change.
    /// - Throws: `StartError.revocations`: it cannot be known what was revoked.
    init(directory: String?, _ trust: TrustState) throws(StartError) {
        do throws(RevocationError) {
            store = try RevocationStore(path: directory.map { "\($0)/revocations.json" })
        } catch {
            if case .unreadable(let path, let detail) = error { throw .revocations("\(path): \(detail)") }
            throw .revocations("there are too many")
        }
        self.trust = trust
    }

    /// Revokes what a configuration says in place of what the one before said.
    func adopt(_ configuration: GatewayConfiguration) {
        written.withLock { written in
            written = configuration.revocations
            announce(written)
        }
    }

    /// Revokes more.
    ///
    /// - Parameter entries: what is revoked.
    /// - Returns: why it will be lost with the process; nil if it will not.
    /// - Throws: `.tooMany`; nothing is revoked then.
    func add(_ entries: [RevocationEntry]) throws(RevocationError) -> String? {
        let result = written.withLock { written -> Result<String?, RevocationError> in
            Result { () throws(RevocationError) in
                let count = written.count + store.entries(now: WallClock.seconds).count + entries.count
                guard count <= Denylist.maximumCount else { throw .tooMany }
                defer { announce(written) }
                return try store.add(entries, now: WallClock.seconds)
            }
        }
        return try result.get()
    }

    /// Takes back what operators have revoked; the file is theirs to change.
    ///
    /// - Parameter entries: each as it was added.
    /// - Returns: how many there were, and why that will be lost with the process.
    func remove(_ entries: [RevocationEntry]) -> (count: Int, warning: String?) {
        written.withLock { written in
            defer { announce(written) }
            return store.remove(entries, now: WallClock.seconds)
        }
    }

    /// What is revoked at the moment: by the file, and by operators.
    var entries: (written: [RevocationEntry], added: [RevocationEntry]) {
        let now = WallClock.seconds
        return (written.withLock { $0.filter { !$0.hasEnded(at: now) } }, store.entries(now: now))
    }

    private func announce(_ written: [RevocationEntry]) {
        trust.revoke(Denylist(written + store.entries(now: WallClock.seconds)))
    }
}
