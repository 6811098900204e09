internal import Bytes

/// Follows the frames of one direction of a WebSocket (RFC 6455 section 5.2), whose bytes pass unchanged.
///
/// It looks at nothing but lengths and opcodes: what an extension makes of a payload is between the two ends.
package struct FrameTracker: Sendable {
    /// Bytes of the frame's header so far, as far as they say how long the frame is.
    private var header = InlineArray<10, UInt8>(repeating: 0)
    private var headerCount = 0
    /// How much of the frame is to come behind `header`: the masking key and the payload.
    private var rest: UInt64 = 0
    /// Whether a Close frame has begun (section 5.5.1); no frame may follow it.
    package private(set) var hasClosed = false
    /// Whether a length was beyond what there can be, so that no later frame is told apart.
    private var isLost = false

    package init() {}

    /// Whether the next byte begins a frame.
    package var isAtBoundary: Bool { headerCount == 0 && rest == 0 && !isLost }

    /// Follows bytes that pass.
    package mutating func follow(_ bytes: Span<UInt8>) {
        var position = 0
        while position < bytes.count { position += step(bytes.extracting(position...)) }
    }

    /// Follows bytes as far as they belong to the frame under way.
    ///
    /// - Returns: how many do; none at a boundary.
    package mutating func finishFrame(_ bytes: Span<UInt8>) -> Int {
        var position = 0
        while position < bytes.count, !isAtBoundary { position += step(bytes.extracting(position...)) }
        return position
    }

    /// Takes one byte of a header, or as much as there is of what follows it.
    ///
    /// - Returns: how many bytes were taken, at least one.
    private mutating func step(_ bytes: Span<UInt8>) -> Int {
        if isLost { return bytes.count }
        if rest > 0 {
            let count = Int(min(rest, UInt64(bytes.count)))
            rest -= UInt64(count)
            return count
        }
        header[headerCount] = bytes[0]
        headerCount += 1
        if headerCount == headerSize { endHeader() }
        return 1
    }

    /// How long the header is up to the end of the length, as far as that can be told.
    private var headerSize: Int {
        guard headerCount >= 2 else { return 2 }
        return switch header[1] & 0x7F {
        case 126: 4
        case 127: 10
        default: 2
        }
    }

    private mutating func endHeader() {
        var length: UInt64 = 0
        if headerCount == 2 {
            length = UInt64(header[1] & 0x7F)
        } else {
            for index in 2..<headerCount { length = length << 8 | UInt64(header[index]) }
        }
        if header[0] & 0x0F == 8 { hasClosed = true }
        headerCount = 0
        // The most significant bit must be 0.
        guard length <= UInt64(Int64.max) else { return isLost = true }
        rest = length + (header[1] & 0x80 == 0 ? 0 : 4)
    }
}
