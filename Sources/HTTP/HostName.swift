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
    /// Percent-encoded and non-ASCII names, user information and reserved characters are refused: no host has them.
    ///
    /// - Parameters:
    ///   - text: what was sent; may be empty.
    ///   - defaultPort: the port to leave away.
    /// - Returns: false if it is malformed.
    mutating func parse(_ text: Span<UInt8>, defaultPort: UInt16) -> Bool {
        removeAll()
        guard text.count > 0 else { return true }
        let isAddress = text[0] == UInt8(ascii: "[")
        guard let end = isAddress ? Self.addressEnd(text) : Self.nameEnd(text), end > 0 else { return false }
        let hostEnd = !isAddress && text[end - 1] == UInt8(ascii: ".") ? end - 1 : end
        // A name of dots alone is none.
        guard hostEnd > 0, text[hostEnd - 1] != UInt8(ascii: ".") else { return false }
        for index in 0..<hostEnd { authority.append(text[index].lowercasedASCII) }
        nameCount = hostEnd
        if end < text.count {
            guard parsePort(text.extracting((end + 1)...), defaultPort: defaultPort) else { return false }
        }
        return true
    }

    private mutating func parsePort(_ digits: Span<UInt8>, defaultPort: UInt16) -> Bool {
        // `port` may be empty (RFC 3986 section 3.2.3).
        guard digits.count > 0 else { return true }
        guard digits.count <= 8, let number = digits.decimalNumber, let port = UInt16(exactly: number) else {
            return false
        }
        guard port != defaultPort else { return true }
        self.port = port
        authority.append(UInt8(ascii: ":"))
        authority.append(decimal: UInt(port))
        return true
    }

    /// Where a registered name or IPv4 address ends: at the colon or the end of the text.
    private static func nameEnd(_ text: Span<UInt8>) -> Int? {
        let unreserved = CharacterSet128.unreserved
        var index = 0
        var previous = UInt8(ascii: ".")
        while index < text.count, text[index] != UInt8(ascii: ":") {
            let byte = text[index]
            guard unreserved.contains(byte) else { return nil }
            if byte == UInt8(ascii: "."), previous == byte { return nil }
            previous = byte
            index &+= 1
        }
        return index <= 255 ? index : nil
    }

    /// Where an IPv6 address in brackets ends.
    private static func addressEnd(_ text: Span<UInt8>) -> Int? {
        guard let bracket = text.firstIndex(of: UInt8(ascii: "]")),
            bracket + 1 == text.count || text[bracket + 1] == UInt8(ascii: ":"),
            isIPv6Address(text.extracting(1..<bracket))
        else { return nil }
        return bracket + 1
    }

    /// Whether the text is an IPv6 address (RFC 3986 section 3.2.2), without a zone.
    private static func isIPv6Address(_ text: Span<UInt8>) -> Bool {
        var groups = 0
        var isShortened = false
        var position = 0
        if text.count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
            isShortened = true
            position = 2
        }
        while position < text.count {
            let end = text.firstIndex(of: UInt8(ascii: ":"), from: position) ?? text.count
            let group = text.extracting(position..<end)
            if end == text.count, group.firstIndex(of: UInt8(ascii: ".")) != nil {
                guard isIPv4Address(group) else { return false }
                groups += 2
                break
            }
            guard (1...4).contains(group.count) else { return false }
            for index in group.indices where group[index].hexadecimalValue == nil { return false }
            groups += 1
            position = end
            guard position < text.count else { break }
            position += 1
            guard position < text.count else { return false }
            if text[position] == UInt8(ascii: ":") {
                guard !isShortened else { return false }
                isShortened = true
                position += 1
            }
        }
        return isShortened ? groups <= 7 : groups == 8
    }

    private static func isIPv4Address(_ text: Span<UInt8>) -> Bool {
        var parts = 0
        var position = 0
        while position <= text.count {
            let end = text.firstIndex(of: UInt8(ascii: "."), from: position) ?? text.count
            let part = text.extracting(position..<end)
            guard part.count <= 3, let number = part.decimalNumber, number <= 255 else { return false }
            if part.count > 1, part[0] == UInt8(ascii: "0") { return false }
            parts += 1
            position = end + 1
        }
        return parts == 4
    }
}
