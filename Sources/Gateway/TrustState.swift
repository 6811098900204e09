import IdentityProviders
import Revocation
import Synchronization

/// What is trusted or not beyond the configuration, and changes while that is in force: fetched keys, and what is revoked.
///
/// All threads share it. Workers keep what they took over until the version has changed, and look at no more than that for a
/// request.
final class TrustState: Sendable {
    let keys: KeyBoard
    private let revocationVersion = Atomic<Int>(0)
    private let revoked = Mutex(Denylist([]))

    /// - Parameter keys: where fetched keys are put.
    init(keys: KeyBoard) {
        self.keys = keys
    }

    /// Another number after every change.
    var version: Int {
        keys.version.load(ordering: .acquiring) &+ revocationVersion.load(ordering: .acquiring)
    }

    /// What is revoked at the moment.
    var denylist: Denylist { revoked.withLock { $0 } }

    /// Revokes this and nothing else.
    func revoke(_ denylist: Denylist) {
        revoked.withLock { $0 = denylist }
        revocationVersion.add(1, ordering: .releasing)
    }
}
