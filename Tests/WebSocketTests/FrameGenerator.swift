/// Makes frames as a peer may send them, and others (RFC 6455 section 5.2): the same for the same seed.
struct FrameGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// How the length is written.
    enum LengthForm: CaseIterable {
        case short, medium, long
    }

    /// One frame.
    ///
    /// - Parameters:
    ///   - opcode: with FIN and the reserved bits.
    ///   - size: how long the payload is.
    ///   - form: how that is written; a longer form where it does not fit.
    ///   - isMasked: whether a masking key stands before the payload.
    /// - Returns: its bytes.
    mutating func frame(_ opcode: UInt8, size: Int, form: LengthForm = .short, isMasked: Bool) -> [UInt8] {
        let mask: UInt8 = isMasked ? 0x80 : 0
        var bytes = [opcode]
        if form == .short, size < 126 {
            bytes.append(mask | UInt8(size))
        } else if form != .long, size < 65536 {
            bytes += [mask | 126, UInt8(size >> 8), UInt8(size & 0xFF)]
        } else {
            bytes.append(mask | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(size >> shift & 0xFF)) }
        }
        return bytes + noise(size + (isMasked ? 4 : 0))
    }

    /// Messages, some in fragments, with control frames between them (section 5.4).
    ///
    /// - Parameters:
    ///   - messages: how many.
    ///   - sizes: how long a payload is.
    ///   - isMasked: whether a client sends them.
    ///   - closes: whether a Close frame is the last.
    /// - Returns: their bytes.
    mutating func conversation(messages: Int, sizes: [Int], isMasked: Bool, closes: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<messages {
            var opcode = UInt8.random(in: 1...2, using: &self)
            let fragments = Int.random(in: 1...4, using: &self)
            for fragment in 1...fragments {
                let size = sizes.randomElement(using: &self) ?? 0
                let form = LengthForm.allCases.randomElement(using: &self) ?? .short
                bytes += frame(
                    fragment == fragments ? opcode | 0x80 : opcode, size: size, form: form, isMasked: isMasked)
                opcode = 0
                guard Bool.random(using: &self) else { continue }
                bytes += frame(
                    [0x89, 0x8A].randomElement(using: &self) ?? 0x89, size: Int.random(in: 0...20, using: &self),
                    isMasked: isMasked)
            }
        }
        return closes
            ? bytes + frame(0x88, size: [0, 2, 125].randomElement(using: &self) ?? 0, isMasked: isMasked) : bytes
    }

    /// Bytes without a meaning.
    mutating func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
