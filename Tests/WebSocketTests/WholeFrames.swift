/// What is known of frames when all their bytes are there, read without a state (RFC 6455 section 5.2).
struct WholeFrames {
    /// Behind how many bytes a frame may begin.
    private(set) var boundaries: Set<Int> = [0]
    /// Behind how many bytes a Close frame has begun.
    private(set) var closeStart = Int.max

    init(_ bytes: [UInt8]) {
        var start = 0
        while let frame = Frame(bytes.dropFirst(start)) {
            if frame.opcode == 8 { closeStart = min(closeStart, start + frame.headerSize) }
            guard let size = frame.size, size <= bytes.count - start else { return }
            start += size
            boundaries.insert(start)
        }
    }

    /// Where the frame ends of which the byte at `offset` is a part; the end of the input for one that does not end.
    func end(from offset: Int, in bytes: [UInt8]) -> Int { boundaries.filter { $0 >= offset }.min() ?? bytes.count }

    private struct Frame {
        let opcode: UInt8
        /// Up to the end of the length.
        let headerSize: Int
        /// With everything; nil for a length that there cannot be.
        let size: Int?

        /// - Returns: nil if the length is not there.
        init?(_ bytes: ArraySlice<UInt8>) {
            let bytes = Array(bytes.prefix(14))
            guard bytes.count >= 2 else { return nil }
            opcode = bytes[0] % 16
            let lengthSize = [126: 2, 127: 8][bytes[1] % 128] ?? 0
            headerSize = 2 + lengthSize
            guard bytes.count >= headerSize else { return nil }
            let digits = bytes[2..<headerSize].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            let length = lengthSize == 0 ? Int(bytes[1] % 128) : Int(digits, radix: 16)
            let before = headerSize + (bytes[1] >= 128 ? 4 : 0)
            size = if let length, length <= Int.max - before { before + length } else { nil }
        }
    }
}
