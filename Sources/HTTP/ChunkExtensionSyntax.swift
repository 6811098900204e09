/// Checks chunk extensions (RFC 9112 section 7.1.1): `*( ";" BWS name [ BWS "=" BWS value ] BWS )`, behind the first `;`.
struct ChunkExtensionSyntax: Sendable {
    private enum State {
        case beforeName, name, afterName, beforeValue, value, quoted, escaped, afterValue
    }

    private var state = State.beforeName

    /// Whether the line may end here.
    var mayEnd: Bool {
        switch state {
        case .name, .value, .afterValue: true
        case .beforeName, .afterName, .beforeValue, .quoted, .escaped: false
        }
    }

    /// Takes the next byte.
    ///
    /// - Returns: false if it may not stand here.
    mutating func take(_ byte: UInt8) -> Bool {
        switch state {
        case .beforeName, .name, .afterName: takeName(byte)
        case .beforeValue, .value, .quoted, .escaped, .afterValue: takeValue(byte)
        }
    }

    private mutating func takeName(_ byte: UInt8) -> Bool {
        if CharacterSet128.token.contains(byte), state != .afterName {
            state = .name
        } else if byte.isWhitespace {
            if state == .name { state = .afterName }
        } else if byte == UInt8(ascii: "="), state != .beforeName {
            state = .beforeValue
        } else if byte == UInt8(ascii: ";"), state != .beforeName {
            state = .beforeName
        } else {
            return false
        }
        return true
    }

    private mutating func takeValue(_ byte: UInt8) -> Bool {
        switch state {
        case .escaped:
            state = .quoted
            return Self.isText(byte)
        case .quoted:
            if byte == UInt8(ascii: "\"") {
                state = .afterValue
            } else if byte == UInt8(ascii: "\\") {
                state = .escaped
            }
            return Self.isText(byte)
        case .beforeValue where byte.isWhitespace: return true
        case .beforeValue where byte == UInt8(ascii: "\""):
            state = .quoted
            return true
        case .beforeValue, .value:
            if CharacterSet128.token.contains(byte) {
                state = .value
                return true
            }
            return state == .value && takeSeparator(byte)
        default: return takeSeparator(byte)
        }
    }

    /// Takes what may stand behind a value.
    private mutating func takeSeparator(_ byte: UInt8) -> Bool {
        if byte == UInt8(ascii: ";") {
            state = .beforeName
            return true
        }
        state = .afterValue
        return byte.isWhitespace
    }

    private static func isText(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == .tab
    }
}
