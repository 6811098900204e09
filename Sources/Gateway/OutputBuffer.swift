import Bytes
import Transport

/// Bytes on their way to one stream: a head and what goes with it in the same write.
struct OutputBuffer {
    /// What is to be written; its first `sent` bytes are.
    var bytes: [UInt8] = []
    private var sent = 0
    /// How many bytes the stream has taken since `restart`.
    private(set) var totalSent = 0
    /// Whether the stream may hold some of it already: TLS keeps what it was offered, also where it says that it would block.
    private(set) var isCommitted = false

    var isEmpty: Bool { bytes.isEmpty }

    mutating func removeAll() {
        guard !bytes.isEmpty else { return }
        bytes.removeAll(keepingCapacity: true)
        sent = 0
    }

    /// Forgets everything; keeps the storage unless it has grown beyond what most messages need.
    mutating func restart() {
        removeAll()
        totalSent = 0
        isCommitted = false
        if bytes.capacity > BlockPool.largeSize { bytes = [] }
    }

    /// Counts bytes that went to the stream past the buffer.
    mutating func countDirectWrite(_ count: Int) {
        totalSent += count
        isCommitted = true
    }

    enum FlushOutcome {
        case done, wouldBlock
        case failed(SocketError)
    }

    /// Writes what is left to `stream`, as far as it takes it.
    mutating func flush(to stream: any ByteStream) -> FlushOutcome {
        isCommitted = isCommitted || !bytes.isEmpty
        while sent < bytes.count {
            switch stream.write(bytes.span.extracting(sent..<bytes.count)) {
            case .bytes(let count):
                sent += count
                totalSent += count
            case .wouldBlock: return .wouldBlock
            case .failed(let error): return .failed(error)
            }
        }
        removeAll()
        return .done
    }
}
