import Bytes
import Transport

/// One end of a connection in memory, for the tasks of one loop.
final class MemoryStream: ByteStream {
    var waiter: Waiter?
    private weak var other: MemoryStream?
    private var arrived: [UInt8] = []
    private var hasEnded = false
    private var isOpen = true
    /// How many bytes the other side takes before they are read.
    var capacity = Int.max
    /// How many writes have taken something.
    private(set) var writes = 0

    static func pair() -> (MemoryStream, MemoryStream) {
        let ends = (MemoryStream(), MemoryStream())
        ends.0.other = ends.1
        ends.1.other = ends.0
        return ends
    }

    func read(into buffer: inout ByteBuffer) -> ReadOutcome {
        guard isOpen else { return .failed(.reset) }
        guard !arrived.isEmpty else { return hasEnded ? .end : .wouldBlock }
        let count = min(buffer.freeSpace, arrived.count)
        buffer.append(arrived.span.extracting(..<count))
        arrived.removeFirst(count)
        other?.waiter?.wake()
        return .bytes(count)
    }

    func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        guard isOpen, let other, other.isOpen else { return .failed(.reset) }
        let count = min(bytes.count, capacity - other.arrived.count)
        guard count > 0 else { return .wouldBlock }
        writes += 1
        other.arrived.append(bytes.extracting(..<count))
        other.waiter?.wake()
        return .bytes(count)
    }

    var isQuiet: Bool { remoteState == .open && arrived.isEmpty }
    var remoteState: RemoteState { !isOpen ? .gone : hasEnded ? .ended : .open }

    func shutdownWriting() {
        other?.hasEnded = true
        other?.waiter?.wake()
    }

    func close(abruptly: Bool) {
        isOpen = false
        waiter = nil
        shutdownWriting()
    }
}
