/// A frame that ends a WebSocket (RFC 6455 section 5.5.1).
package struct CloseFrame: Sendable {
    /// Why an end is closed (RFC 6455 section 7.4.1).
    package enum Code: UInt16, Sendable {
        /// The gateway is about to end.
        case goingAway = 1001
        /// The client may not go on.
        case policyViolation = 1008
    }

    /// Why it is closed.
    package let code: Code

    package init(code: Code) { self.code = code }

    /// The frame as servers send it.
    package var unmasked: [UInt8] { [0x88, 2] + payload }

    /// The frame as clients send it (RFC 6455 section 5.3).
    ///
    /// - Parameter key: the masking key, a new one for each frame.
    /// - Returns: its bytes.
    package func masked(with key: UInt32) -> [UInt8] {
        let mask = (0..<4).map { UInt8(truncatingIfNeeded: key >> UInt32(24 - 8 * $0)) }
        return [0x88, 0x80 | 2] + mask + zip(payload, mask).map { $0 ^ $1 }
    }

    private var payload: [UInt8] {
        [UInt8(truncatingIfNeeded: code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
    }
}
