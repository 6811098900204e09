internal import Bytes

/// An address of the Internet Protocol; an IPv4 address is the same as its IPv6-mapped form (RFC 4291 §2.5.5.2).
package struct IPAddress: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF << 32

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads dotted decimal, or one of the forms of RFC 4291 §2.2 without brackets and without a zone.
    ///
    /// - Parameter text: nothing but the address.
    package init?(_ text: Span<UInt8>) {
        if let v4 = Self.ipv4(text) {
            self.init(v4: v4)
        } else {
            self.init(ipv6: text)
        }
    }

    /// - Parameter v4: an IPv4 address, its first number in the highest eight bits.
    package init(v4: UInt32) {
        self.init(high: 0, low: Self.mappedPrefix | UInt64(v4))
    }

    /// - Parameter v4: the four bytes of an IPv4 address in network order.
    init(v4: Span<UInt8>) {
        self.init(v4: UInt32(Self.word(v4)))
    }

    /// - Parameter v6: the 16 bytes of an IPv6 address in network order.
    init(v6: Span<UInt8>) {
        self.init(high: Self.word(v6.extracting(..<8)), low: Self.word(v6.extracting(8..<16)))
    }

    private static func word(_ bytes: Span<UInt8>) -> UInt64 {
        var word: UInt64 = 0
        for index in bytes.indices { word = word << 8 | UInt64(bytes[index]) }
        return word
    }

    /// Whether it is an IPv4 address.
    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// What belongs to one holder as a rule: an IPv4 address, or the first 64 bits of an IPv6 address (RFC 6177 §2).
    package var holder: [UInt8] {
        let word = isIPv4 ? low : high
        return stride(from: isIPv4 ? 24 : 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }

    /// Whether the first `length` bits of the 128 are those of `other`.
    func sharesPrefix(of length: Int, with other: IPAddress) -> Bool {
        func agree(_ left: UInt64, _ right: UInt64, _ bits: Int) -> Bool {
            bits <= 0 || (left ^ right) >> UInt64(64 - min(bits, 64)) == 0
        }
        return agree(high, other.high, length) && agree(low, other.low, length - 64)
    }

    /// Whether all bits after the first `length` of the 128 are zero.
    func hasNoBits(after length: Int) -> Bool {
        func isClear(_ word: UInt64, _ bits: Int) -> Bool { bits >= 64 || word << UInt64(max(0, bits)) == 0 }
        return isClear(high, length) && isClear(low, length - 64)
    }

    /// The last 32 bits: the address, if it is an IPv4 address.
    var v4Bits: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// One of the eight groups of 16 bits, from 0 to 7.
    func group(_ index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16))
    }

    // MARK: Text

    /// Reads dotted decimal: four numbers up to 255 without leading zeros (RFC 3986 §3.2.2).
    package static func ipv4(_ text: Span<UInt8>) -> UInt32? {
        var address: UInt32 = 0
        var parts = 0
        var position = 0
        while position <= text.count {
            let end = text.firstIndex(of: UInt8(ascii: "."), from: position) ?? text.count
            let part = text.extracting(position..<end)
            guard parts < 4, part.count <= 3, let number = part.decimalNumber, number <= 255 else { return nil }
            if part.count > 1, part[0] == UInt8(ascii: "0") { return nil }
            address = address << 8 | UInt32(number)
            parts += 1
            position = end + 1
        }
        return parts == 4 ? address : nil
    }

    /// Reads one of the forms of RFC 4291 §2.2, without brackets and without a zone.
    package init?(ipv6 text: Span<UInt8>) {
        var groups: [UInt16] = []
        var gap: Int?
        var position = 0
        let colon = UInt8(ascii: ":")
        if text.count >= 2, text[0] == colon, text[1] == colon {
            gap = 0
            position = 2
        }
        while position < text.count {
            let end = text.firstIndex(of: colon, from: position) ?? text.count
            let group = text.extracting(position..<end)
            if end == text.count, group.firstIndex(of: UInt8(ascii: ".")) != nil {
                guard let v4 = Self.ipv4(group) else { return nil }
                groups.append(UInt16(v4 >> 16))
                groups.append(UInt16(v4 & 0xFFFF))
                break
            }
            guard groups.count < 8, let value = Self.hexadecimal(group) else { return nil }
            groups.append(value)
            guard end < text.count else { break }
            position = end + 1
            guard position < text.count else { return nil }
            if text[position] == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                position += 1
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        self.init(
            high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
            low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    }

    private static func hexadecimal(_ text: Span<UInt8>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for index in text.indices {
            guard let digit = text[index].hexadecimalValue else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
