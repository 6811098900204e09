internal import HTTP

/// What heads and content wait in, shared by the sessions of one loop: taken when something arrives or is written, given back
/// when it was taken, so that an idle stream holds none.
package final class StreamStorage {
    private var heads: [ArrivedHead] = []
    private var queues: [[UInt8]] = []

    /// How many unused ones of each kind are kept for the next taker.
    private static let capacity = 64
    /// The largest queue that is kept, in bytes.
    private static let largestQueue = 16 << 10

    package init() {}

    /// A head to fill, which holds what was in it before.
    func takeHead() -> ArrivedHead { heads.popLast() ?? ArrivedHead() }

    func give(_ head: ArrivedHead) {
        if heads.count < Self.capacity { heads.append(head) }
    }

    /// An empty queue.
    func takeQueue() -> [UInt8] { queues.popLast() ?? [] }

    /// Takes a queue away from its owner.
    func give(_ queue: inout [UInt8]) {
        var given: [UInt8] = []
        swap(&given, &queue)
        guard given.capacity > 0, given.capacity <= Self.largestQueue, queues.count < Self.capacity else { return }
        given.removeAll(keepingCapacity: true)
        queues.append(given)
    }
}

/// A head on its way from a session to who takes it.
final class ArrivedHead {
    var head = HeadFields()
}
