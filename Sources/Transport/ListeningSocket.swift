internal import CLinux
internal import Synchronization

/// A descriptor that listens; all workers share it, so that closing or adding a worker loses no queued connection.
package final class ListeningSocket: Sendable {
    /// The address really listened on: its port is never 0.
    package let address: SocketAddress
    /// How many connections may be open at once.
    private let connectionLimit: Atomic<Int>
    let descriptor: Int32
    /// The file of a Unix-domain socket.
    private let file: FileIdentity?
    private let openConnections = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    /// Binds, and listens.
    ///
    /// - Parameters:
    ///   - address: where to listen. The file of a Unix-domain address that nobody listens on any more is replaced.
    ///   - connectionLimit: how many connections may be open at once.
    ///   - listens: false refuses connections until `listen`.
    ///   - isPrivate: whether the file of a Unix-domain address has mode 0600: nobody but its owner can connect.
    /// - Throws: what `bind(2)` or `listen(2)` fails with.
    package init(
        address: SocketAddress, connectionLimit: Int, listens: Bool = true, isPrivate: Bool = false
    ) throws(SocketError) {
        let socket = try address.makeSocket()
        if case .unix(let path) = address.form {
            try Self.removeAbandonedFile(at: path, address)
            // The file gets the socket's mode: there is no moment in which it is open to others.
            if isPrivate, fchmod(socket.number, 0o600) != 0 { throw SocketError(errno: last_error()) }
        } else {
            setOption(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
            if address.form == .ipv6 { setOption(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        let code = address.bind(socket.number)
        guard code == 0 else { throw SocketError(errno: code) }
        if listens { try Self.listen(on: socket.number) }
        self.address = if case .unix = address.form { address } else { Self.boundAddress(of: socket.number) ?? address }
        self.connectionLimit = Atomic(connectionLimit)
        file = if case .unix(let path) = address.form { FileIdentity(path) } else { nil }
        descriptor = socket.release()
    }

    deinit { close() }

    /// Lets clients connect, if they could not.
    ///
    /// - Throws: what `listen(2)` fails with.
    package func listen() throws(SocketError) { try Self.listen(on: descriptor) }

    private static func listen(on descriptor: Int32) throws(SocketError) {
        guard CLinux.listen(descriptor, Listener.backlog) == 0 else { throw SocketError(errno: last_error()) }
    }

    /// Stops listening: connections that nobody accepted yet are refused by the kernel. Call it after every worker has
    /// stopped accepting.
    package func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        CLinux.close(descriptor)
        // Another process may have put its own socket there.
        if case .unix(let path) = address.form, let file, FileIdentity(path) == file {
            // SAFETY: the path outlives the call.
            _ = unsafe unlink(path)
        }
    }

    /// Counts a connection in.
    ///
    /// - Returns: false if the limit is exceeded; the connection counts all the same, until `connectionClosed`.
    package func connectionOpened() -> Bool {
        openConnections.add(1, ordering: .relaxed).newValue
            <= connectionLimit.load(ordering: .relaxed)
    }

    /// Changes how many connections may be open at once; those that are open stay so.
    package func limitConnections(to limit: Int) {
        connectionLimit.store(limit, ordering: .relaxed)
    }

    /// Counts a connection out.
    package func connectionClosed() {
        openConnections.subtract(1, ordering: .relaxed)
    }

    private static func boundAddress(of descriptor: Int32) -> SocketAddress? {
        var raw = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: `raw` has the size given, and the kernel's structures begin alike.
        let result = unsafe withUnsafeMutablePointer(to: &raw) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &length) }
        }
        return result == 0 ? SocketAddress(raw) : nil
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        // SAFETY: both values outlive the call.
        return unsafe lstat(path, &status) == 0 && Int32(truncatingIfNeeded: status.st_mode) & S_IFMT == S_IFSOCK
    }

    private static func removeAbandonedFile(at path: String, _ address: SocketAddress) throws(SocketError) {
        let probe = try address.makeSocket()
        switch address.connect(probe.number) {
        case 0, EAGAIN: throw .addressInUse
        // A file that is no socket refuses connections, too, but is not ours to remove: `bind` will fail then.
        // SAFETY: the path outlives the call.
        case ECONNREFUSED where isSocket(path): _ = unsafe unlink(path)
        default: break
        }
    }
}
