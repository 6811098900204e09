import TokenEndpoint
import Transport

/// What logins share in the whole process, and through reloads.
final class Logins: Sendable {
    let attempts = LoginAttempts()
    /// Where passwords are checked: few threads that give way to the workers, since each check takes tens of milliseconds
    /// and 16 MiB or 32 MiB. On a busy machine they still get a tenth of a core, so that what waits is checked in the end.
    let calls: BlockingCalls

    /// - Throws: `SocketError.outOfDescriptors` if the process has no descriptor or thread left.
    init() throws(SocketError) {
        calls = try BlockingCalls(name: "passwords", threadCount: 2, capacity: 64, niceness: 10)
    }
}
