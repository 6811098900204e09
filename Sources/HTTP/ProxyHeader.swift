internal import Bytes

/// Whom a connection was made for, as the header of the PROXY protocol before its first message says (HAProxy's
/// `proxy-protocol.txt`, sections 2.1 and 2.2).
package enum ProxyHeader: Sendable, Equatable {
    /// The proxy speaks for itself, or does not know: `UNKNOWN`, `LOCAL`, `AF_UNSPEC`.
    case unknown
    /// A client with this address.
    case address(IPAddress)
    /// A client of a Unix-domain socket.
    case unixSocket

    /// The most bytes that a header of version 1 takes up, with its CRLF.
    package static let maximumTextLength = 107
    /// The most bytes that may follow the first 16 of a header of version 2: addresses and additional values.
    package static let maximumPayload = 2048

    private static let textSignature = Array("PROXY ".utf8)
    private static let binarySignature = Array("\r\n\r\n\0\r\nQUIT\n".utf8)
    private static let binaryPrefix = 16

    /// Reads a header. There is no state to keep: a header is short.
    ///
    /// - Parameter input: the bytes from the beginning of the connection that have arrived.
    /// - Returns: the header and how many bytes it takes up, or nil if it is not complete.
    /// - Throws: `ParseError.invalidProxyHeader` as soon as the bytes cannot become a header any more.
    package static func parse(_ input: Span<UInt8>) throws(ParseError) -> (header: Self, length: Int)? {
        if input.begins(with: binarySignature) { return try parseBinary(input) }
        if input.begins(with: textSignature) { return try parseText(input) }
        throw .invalidProxyHeader
    }

    // MARK: Version 1

    private static func parseText(_ input: Span<UInt8>) throws(ParseError) -> (header: Self, length: Int)? {
        let head = input.extracting(..<min(input.count, maximumTextLength))
        guard let lineFeed = head.firstIndex(of: .lineFeed) else {
            guard head.count < maximumTextLength else { throw .invalidProxyHeader }
            return nil
        }
        let start = textSignature.count
        guard lineFeed > start, input[lineFeed - 1] == .carriageReturn else { throw .invalidProxyHeader }
        guard let header = Self(text: input.extracting(start..<(lineFeed - 1))) else { throw .invalidProxyHeader }
        return (header, lineFeed + 1)
    }

    /// - Parameter text: what stands between `PROXY ` and the end of the line.
    private init?(text: Span<UInt8>) {
        var position = 0
        let family = text.nextWord(&position)
        if text.extracting(family).equals("UNKNOWN") {
            self = .unknown
            return
        }
        let isIPv4 = text.extracting(family).equals("TCP4")
        guard isIPv4 || text.extracting(family).equals("TCP6") else { return nil }
        let source = text.extracting(text.nextWord(&position))
        let destination = text.extracting(text.nextWord(&position))
        let ports = [text.nextWord(&position), text.nextWord(&position)]
        guard let address = Self.address(source, isIPv4: isIPv4),
            Self.address(destination, isIPv4: isIPv4) != nil,
            ports.allSatisfy({ Self.isPort(text.extracting($0)) }), position > text.count
        else { return nil }
        self = .address(address)
    }

    private static func address(_ text: Span<UInt8>, isIPv4: Bool) -> IPAddress? {
        isIPv4 ? IPAddress.ipv4(text).map { IPAddress(v4: $0) } : IPAddress(ipv6: text)
    }

    private static func isPort(_ text: Span<UInt8>) -> Bool {
        guard let number = text.decimalNumber, number <= UInt16.max else { return false }
        return text.count == 1 || text[0] != UInt8(ascii: "0")
    }

    // MARK: Version 2

    private static func parseBinary(_ input: Span<UInt8>) throws(ParseError) -> (header: Self, length: Int)? {
        let start = binarySignature.count
        guard input.count > start else { return nil }
        // Version 2, and the command LOCAL or PROXY.
        let command = input[start] & 0x0F
        guard input[start] >> 4 == 2, command <= 1 else { throw .invalidProxyHeader }
        guard input.count >= binaryPrefix else { return nil }
        let payload = input.bigEndian16(at: start + 2)
        guard payload <= maximumPayload else { throw .invalidProxyHeader }
        let length = binaryPrefix + payload
        guard input.count >= length else { return nil }
        let header = input.extracting(..<length)
        // What stands behind LOCAL is skipped, whatever it is.
        guard command == 1 else { return (.unknown, length) }
        let addresses: Int
        let result: Self
        switch input[start + 1] {
        case 0x00: (addresses, result) = (0, .unknown)
        case 0x11 where payload >= 12:
            (addresses, result) = (12, .address(IPAddress(v4: input.extracting(binaryPrefix..<binaryPrefix + 4))))
        case 0x21 where payload >= 36:
            (addresses, result) = (36, .address(IPAddress(v6: input.extracting(binaryPrefix..<binaryPrefix + 16))))
        case 0x31 where payload >= 216: (addresses, result) = (216, .unixSocket)
        // Datagrams carry no HTTP/1.1, and other families do not exist.
        default: throw .invalidProxyHeader
        }
        // The length of unknown addresses is unknown, too, so that no values can be found behind them.
        if result != .unknown { try checkValues(of: header, from: binaryPrefix + addresses) }
        return (result, length)
    }

    /// Checks that the additional values fill the rest of the header, and its checksum if there is one (section 2.2.1).
    private static func checkValues(of header: Span<UInt8>, from start: Int) throws(ParseError) {
        var position = start
        while position < header.count {
            guard position + 3 <= header.count else { throw .invalidProxyHeader }
            let value = position + 3
            let end = value + header.bigEndian16(at: position + 1)
            guard end <= header.count else { throw .invalidProxyHeader }
            if header[position] == 0x03 {
                guard end - value == 4, header.hasChecksum(at: value) else { throw .invalidProxyHeader }
            }
            position = end
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes are those of `text`, as far as both reach.
    fileprivate func begins(with text: [UInt8]) -> Bool {
        let length = Swift.min(count, text.count)
        return extracting(..<length).equals(text.span.extracting(..<length))
    }

    fileprivate func bigEndian16(at index: Int) -> Int { Int(self[index]) << 8 | Int(self[index + 1]) }

    /// The bytes from `position` to the next space; `position` is moved behind that, or beyond the end.
    fileprivate func nextWord(_ position: inout Int) -> Range<Int> {
        let start = Swift.min(position, count)
        let end = firstIndex(of: .space, from: start) ?? count
        position = end + 1
        return start..<end
    }

    /// Whether the four bytes at `place` are the CRC-32C (RFC 3720 appendix B.4) of all bytes, with these four taken as zero.
    fileprivate func hasChecksum(at place: Int) -> Bool {
        var checksum = UInt32.max
        for index in indices {
            checksum ^= place..<(place + 4) ~= index ? 0 : UInt32(self[index])
            for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        let stated = UInt32(bigEndian16(at: place)) << 16 | UInt32(bigEndian16(at: place + 2))
        return ~checksum == stated
    }
}
