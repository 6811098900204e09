internal import Bytes

/// The host that a request is for, in canonical form (RFC 9110 section 7.2).
///
/// Lower case, without a trailing dot and without the port if it is the scheme's own; empty if the request names none.
package struct HostName: Sendable {
    /// The host, a colon and the port, if there is one.
    package private(set) var authority: [UInt8] = []
    private var nameCount = 0
    /// The port, if the request names one that is not the scheme's own.
    package private(set) var port: UInt16?

    package init() {}

    /// Whether the request names no host.
    package var isEmpty: Bool { authority.isEmpty }

    /// The host without the port; an IPv6 address stands in brackets.
    package var name: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { authority.span.extracting(0..<nameCount) }
    }

    /// Empties the host and keeps its storage.
    mutating func removeAll() {
        authority.removeAll(keepingCapacity: true)
        nameCount = 0
        port = nil
    }

    /// Reads `uri-host [ ":" port ]` (RFC 9110 section 4.2).
    ///
    /// Escapes of unreserved characters are decoded, escapes of other ASCII characters are refused. So are `,` and `;`, which
    /// would end the name where it stands in a list.
    ///
    /// - Parameters:
    ///   - text: what was sent; may be empty.
    ///   - defaultPort: the port to leave away: that of the connection.
    ///   - schemePort: another port to leave away: that of the scheme of an absolute form.
    /// - Returns: false if it is malformed.
    mutating func parse(_ text: Span<UInt8>, defaultPort: UInt16, schemePort: UInt16? = nil) -> Bool {
        removeAll()
        guard text.count > 0 else { return true }
        guard let end = text[0] == UInt8(ascii: "[") ? appendAddress(text) : appendName(text) else { return false }
        // One dot at the end says that the name is complete; a name of dots alone is none.
        if authority.last == UInt8(ascii: ".") { authority.removeLast() }
        guard !authority.isEmpty, authority.count <= 255 else { return false }
        nameCount = authority.count
        guard end < text.count else { return true }
        guard parsePort(text.extracting((end + 1)...)) else { return false }
        if port == defaultPort || port == schemePort { port = nil }
        if let port {
            authority.append(UInt8(ascii: ":"))
            authority.append(decimal: UInt(port))
        }
        return true
    }

    private mutating func parsePort(_ digits: Span<UInt8>) -> Bool {
        // `port` may be empty (RFC 3986 section 3.2.3).
        guard digits.count > 0 else { return true }
        guard let number = digits.decimalNumber, let port = UInt16(exactly: number), port > 0 else { return false }
        self.port = port
        return true
    }

    /// Appends a registered name or an IPv4 address in canonical form.
    ///
    /// - Returns: where it ends, at the colon or the end of the text, or nil if it is malformed.
    private mutating func appendName(_ text: Span<UInt8>) -> Int? {
        var index = Self.plainNameEnd(text)
        authority.append(text.extracting(0..<index))
        while index < text.count, text[index] != UInt8(ascii: ":") {
            let byte = text[index]
            if byte == .percent {
                guard let value = text.escapedValue(at: index) else { return nil }
                if value >= 0x80 {
                    for offset in 0..<3 { authority.append(text[index + offset].lowercasedASCII) }
                } else {
                    guard CharacterSet128.unreserved.contains(value) else { return nil }
                    authority.append(value.lowercasedASCII)
                }
                index += 3
            } else {
                guard CharacterSet128.hostCharacter.contains(byte) else { return nil }
                authority.append(byte.lowercasedASCII)
                index += 1
            }
            let dot = UInt8(ascii: ".")
            if authority.last == dot, authority.count == 1 || authority[authority.count - 2] == dot { return nil }
        }
        return index
    }

    /// Where the part of a name ends that is canonical as it is.
    private static func plainNameEnd(_ text: Span<UInt8>) -> Int {
        // Lower-case letters, digits and hyphens, and dots that follow one of these.
        let plain = CharacterSet128(low: 0x03FF_2000_0000_0000, high: 0x07FF_FFFE_0000_0000)
        var index = 0
        while index < text.count {
            let byte = text[index]
            let isSingleDot = byte == UInt8(ascii: ".") && index > 0 && text[index - 1] != byte
            guard plain.contains(byte) || isSingleDot else { break }
            index &+= 1
        }
        return index
    }

    /// Appends an IPv6 address in brackets.
    ///
    /// - Returns: where it ends, or nil if it is malformed.
    private mutating func appendAddress(_ text: Span<UInt8>) -> Int? {
        guard let bracket = text.firstIndex(of: UInt8(ascii: "]")),
            bracket + 1 == text.count || text[bracket + 1] == UInt8(ascii: ":"),
            IPAddress(ipv6: text.extracting(1..<bracket)) != nil
        else { return nil }
        for index in 0...bracket { authority.append(text[index].lowercasedASCII) }
        return bracket + 1
    }
}
