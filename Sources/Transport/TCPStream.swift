package import Bytes
internal import CLinux

/// A connected stream socket: TCP or Unix-domain.
///
/// Registered once, edge-triggered: flags remember which calls may go on, so that no call is made in vain and `epoll_ctl`
/// is not called per request.
package final class TCPStream: EventSource, ByteStream {
    package var waiter: Waiter?
    private let loop: EventLoop
    private let descriptor: Int32
    private var isOpen = true
    /// Whether something may have arrived since the last read.
    package private(set) var mayRead = true
    private var mayWrite: Bool
    private var sawEnd = false
    private var sawFailure = false

    private init(owning descriptor: Int32, loop: EventLoop, mayWrite: Bool) throws(SocketError) {
        self.loop = loop
        self.descriptor = descriptor
        self.mayWrite = mayWrite
        super.init()
        do throws(SocketError) {
            try loop.register(self, descriptor)
        } catch {
            CLinux.close(descriptor)
            isOpen = false
            throw error
        }
    }

    /// Takes over a connection that a listener accepted.
    package convenience init(accepted descriptor: consuming Descriptor, loop: EventLoop) throws(SocketError) {
        try self.init(owning: descriptor.release(), loop: loop, mayWrite: true)
    }

    deinit {
        if isOpen { CLinux.close(descriptor) }
    }

    /// Connects to `address`.
    ///
    /// - Parameters:
    ///   - address: where to.
    ///   - loop: the caller's loop.
    ///   - waiter: whom the stream wakes; the caller's own.
    ///   - deadline: when to give up.
    /// - Returns: the connected stream.
    /// - Throws: `.unreachable` when the deadline passes, and what `connect(2)` fails with.
    package static func connect(
        to address: SocketAddress, on loop: EventLoop, waiter: Waiter, until deadline: Instant
    ) async throws(SocketError) -> TCPStream {
        let socket = try address.makeSocket()
        let code = address.connect(socket.number)
        guard code == 0 || code == EINPROGRESS else { throw SocketError(errno: code) }
        let stream = try TCPStream(owning: socket.release(), loop: loop, mayWrite: code == 0)
        stream.waiter = waiter
        while !stream.mayWrite {
            if await waiter.wait(until: deadline) == .expired && !stream.mayWrite {
                stream.close(abruptly: false)
                throw .unreachable
            }
        }
        let failure = stream.pendingError()
        guard failure == 0 else {
            stream.close(abruptly: false)
            throw SocketError(errno: failure)
        }
        return stream
    }

    override func handle(_ events: EventSet) {
        if !events.isDisjoint(with: [.readable, .ended, .failure, .hangUp]) {
            mayRead = true
        }
        if !events.isDisjoint(with: [.writable, .failure, .hangUp]) { mayWrite = true }
        // Data and the end may come in one edge; no further event would follow a short read.
        if !events.isDisjoint(with: [.ended, .failure, .hangUp]) { sawEnd = true }
        if events.contains(.failure) || events.contains(.hangUp) { sawFailure = true }
        waiter?.wake()
    }

    package func read(into buffer: inout ByteBuffer) -> ReadOutcome {
        var outcome = ReadOutcome.wouldBlock
        buffer.fill { free in
            outcome = read(into: &free)
            return if case .bytes(let count) = outcome { count } else { 0 }
        }
        return outcome
    }

    /// Reads into `free`, which must not be empty.
    package func read(into free: inout MutableSpan<UInt8>) -> ReadOutcome {
        guard isOpen else { return .failed(.reset) }
        guard mayRead else { return .wouldBlock }
        let size = free.count
        var code: Int32 = 0
        var result = 0
        repeat {
            // SAFETY: the kernel writes at most `count` bytes, the size of the free space, during the call.
            unsafe free.withUnsafeMutableBufferPointer { unsafe result = recv(descriptor, $0.baseAddress, $0.count, 0) }
            code = last_error()
        } while result < 0 && code == EINTR
        if result > 0 {
            if result < size && !sawEnd { mayRead = false }
            return .bytes(result)
        }
        if result == 0 { return .end }
        guard code == EAGAIN else { return .failed(SocketError(errno: code)) }
        mayRead = false
        return .wouldBlock
    }

    /// Lets the next read look at the socket itself: events tell only of what came before the loop's last wait.
    package func lookAgain() {
        mayRead = true
    }

    package var remoteState: RemoteState {
        !isOpen || sawFailure ? .gone : sawEnd ? .ended : .open
    }

    package var isQuiet: Bool {
        guard isOpen else { return false }
        if sawEnd { return false }
        var byte: UInt8 = 0
        // SAFETY: the size given is that of `byte`, which outlives the call.
        let result = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        guard result < 0, last_error() == EAGAIN else { return false }
        mayRead = false
        return true
    }

    package func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        guard isOpen else { return .failed(.reset) }
        guard mayWrite else { return .wouldBlock }
        // SAFETY: the kernel reads at most `count` bytes, the size of the span, during the call.
        let result = unsafe bytes.withUnsafeBufferPointer {
            unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if result >= 0 {
            if result < bytes.count { mayWrite = false }
            return .bytes(result)
        }
        let code = last_error()
        if code == EINTR { return write(bytes) }
        guard code == EAGAIN else { return .failed(SocketError(errno: code)) }
        mayWrite = false
        return .wouldBlock
    }

    package func shutdownWriting() {
        if isOpen { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    }

    package func close(abruptly: Bool) {
        guard isOpen else { return }
        isOpen = false
        waiter = nil
        loop.unregister(descriptor, closing: true)
        if abruptly {
            var lingering = linger(l_onoff: 1, l_linger: 0)
            // SAFETY: the value outlives the call, and its size is given.
            unsafe _ = setsockopt(
                descriptor, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
        }
        CLinux.close(descriptor)
    }

    private func pendingError() -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: both values outlive the call, and the size is given.
        unsafe _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return code
    }
}
