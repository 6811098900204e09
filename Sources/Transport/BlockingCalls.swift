internal import CLinux
internal import Synchronization

/// A few threads for calls that block, such as name resolution and file reads: never made on an event loop.
package final class BlockingCalls: Sendable {
    private let queue: Queue

    private final class Queue: Sendable {
        let calls = Mutex<[@Sendable () -> Void]>([])
        let available: Descriptor
        let capacity: Int

        init(capacity: Int) throws(SocketError) {
            let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_SEMAPHORE))
            guard number >= 0 else { throw SocketError(errno: last_error()) }
            available = Descriptor(owning: number)
            self.capacity = capacity
        }

        func runForever() {
            while true {
                var count: UInt64 = 0
                // SAFETY: an eventfd gives eight bytes, the size of `count`, which outlives the call.
                guard unsafe read(available.number, &count, 8) == 8 else { continue }
                let call = calls.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                call?()
            }
        }
    }

    /// - Parameters:
    ///   - name: that of the threads, at most 15 bytes.
    ///   - threadCount: how many calls may block at once.
    ///   - capacity: how many calls may wait for a thread.
    ///   - niceness: how much the threads let others run before them, up to 19.
    /// - Throws: `SocketError.outOfDescriptors` if the process has no descriptor or thread left.
    package init(
        name: String = "blocking", threadCount: Int, capacity: Int, niceness: Int32 = 0
    ) throws(SocketError) {
        queue = try Queue(capacity: capacity)
        for _ in 0..<threadCount {
            let thread = Thread(name: name) { [queue] in
                if niceness > 0 { Thread.yieldToOthers(niceness: niceness) }
                queue.runForever()
            }
            guard thread != nil else { throw .outOfDescriptors }
        }
    }

    /// Destroys `object` on one of the threads: freeing what is large takes longer than a loop may stand still.
    ///
    /// - Parameter object: the caller's last reference, to something that no loop uses any more.
    @safe package func destroy(_ object: consuming AnyObject) {
        // SAFETY: the only reference goes to the one thread that releases it.
        let last = unsafe UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
        let release: @Sendable () -> Void = {
            guard let pointer = unsafe UnsafeRawPointer(bitPattern: last) else { return }
            unsafe Unmanaged<AnyObject>.fromOpaque(pointer).release()
        }
        if !enqueue(release) { release() }
    }

    /// Runs `call` on one of the threads and waits for its result without holding the caller's loop.
    ///
    /// - Returns: nil if too many calls wait already.
    package func run<Result: Sendable>(_ call: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { continuation in
            if !enqueue({ continuation.resume(returning: call()) }) { continuation.resume(returning: nil) }
        }
    }

    /// Runs `call` on one of the threads, then `completion` on the caller's loop, while the caller goes on.
    ///
    /// - Parameters:
    ///   - call: what blocks.
    ///   - loop: the caller's loop.
    ///   - completion: receives the result; called and destroyed on the loop.
    /// - Returns: false if too many calls wait already; nothing is called then.
    @safe package func run<Result: Sendable>(
        _ call: @escaping @Sendable () -> Result, on loop: EventLoop, then completion: @escaping (Result) -> Void
    ) -> Bool {
        // SAFETY: the only reference goes to the loop's thread, which releases it; if nothing is called, it stays here.
        let kept = unsafe Unmanaged.passRetained(Completion(completion))
        let address = unsafe UInt(bitPattern: kept.toOpaque())
        let accepted = enqueue {
            let result = call()
            Task(executorPreference: loop) {
                guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return }
                unsafe Unmanaged<Completion<Result>>.fromOpaque(pointer).takeRetainedValue().run(result)
            }
        }
        if !accepted { unsafe kept.release() }
        return accepted
    }

    private final class Completion<Result> {
        let run: (Result) -> Void

        init(_ run: @escaping (Result) -> Void) {
            self.run = run
        }
    }

    /// Leaves `call` to one of the threads; false if too many wait already.
    private func enqueue(_ call: @escaping @Sendable () -> Void) -> Bool {
        let accepted = queue.calls.withLock { calls in
            guard calls.count < queue.capacity else { return false }
            calls.append(call)
            return true
        }
        var one: UInt64 = 1
        // SAFETY: an eventfd takes eight bytes, the size of `one`, which outlives the call.
        if accepted { unsafe _ = write(queue.available.number, &one, 8) }
        return accepted
    }
}
