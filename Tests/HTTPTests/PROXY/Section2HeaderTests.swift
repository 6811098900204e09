import Bytes
import HTTP
import Testing

@Suite("PROXY protocol, section 2: the header")
struct Section2HeaderTests {
    /// What comes of the bytes in one piece, which must be what comes of them one by one.
    private func parse(_ bytes: [UInt8]) throws -> (header: ProxyHeader, length: Int)? {
        func parse(upTo end: Int) -> Result<(header: ProxyHeader, length: Int)?, ParseError> {
            Result { () throws(ParseError) in try ProxyHeader.parse(bytes.span.extracting(..<end)) }
        }
        let whole = parse(upTo: bytes.count)
        for end in 0..<bytes.count {
            switch (parse(upTo: end), whole) {
            case (.success(nil), _): continue
            case (.success(let early?), .success(let late?)):
                #expect(early == late && early.length <= end)
                return late
            case (.failure, .failure): return try whole.get()
            default: Issue.record("\(bytes.text.debugDescription) reads otherwise when cut at \(end)")
            }
        }
        return try whole.get()
    }

    private func address(_ text: String) throws -> ProxyHeader {
        let address = IPAddress(text.utf8.span)
        return .address(try #require(address))
    }

    private func binary(command: UInt8 = 0x21, family: UInt8, _ payload: [UInt8], length: Int? = nil) -> [UInt8] {
        let count = length ?? payload.count
        return Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [command, family, UInt8(count >> 8), UInt8(count & 0xFF)] + payload
    }

    private let ipv4: [UInt8] = [203, 0, 113, 9, 10, 0, 0, 1, 0x30, 0x39, 0, 80]
    private let ipv6: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9] + [UInt8](1...16) + [0, 1, 0, 80]

    @Test(
        "2.1: addresses of both families",
        arguments: [
            ("PROXY TCP4 203.0.113.9 10.0.0.1 12345 80\r\n", "203.0.113.9"),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n", "255.255.255.255"),
            ("PROXY TCP6 2001:db8::9 ::1 12345 80\r\n", "2001:db8::9"),
        ])
    func text(line: String, expected: String) throws {
        let result = try #require(try parse(Array((line + "GET / HTTP/1.1\r\n").utf8)))
        #expect(result.header == (try address(expected)))
        #expect(result.length == line.utf8.count)
    }

    @Test(
        "2.1: UNKNOWN leaves the addresses as they are, whatever follows it",
        arguments: [
            "PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff anything 1 2\r\n",
            "PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n",
        ])
    func unknown(line: String) throws {
        let result = try #require(try parse(Array(line.utf8)))
        #expect(result == (.unknown, line.utf8.count))
    }

    @Test(
        "2.1: anything else is refused",
        arguments: [
            "GET / HTTP/1.1\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n",
            "PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP6 [::1] ::1 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY \r\n",
            "PROXY UNKNOWNX\r\n",
            "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n", "PROXY TCP4 a\rb\r\n",
            "\r\nPROXY UNKNOWN\r\n",
        ])
    func refusedText(line: String) {
        #expect(throws: ParseError.invalidProxyHeader) { try parse(Array(line.utf8)) }
    }

    @Test("2.1: a line without an end is not waited for beyond 107 bytes")
    func longText() throws {
        let line = Array(("PROXY UNKNOWN " + String(repeating: "x", count: 93)).utf8)
        #expect(try parse(Array(line.prefix(106))) == nil)
        #expect(throws: ParseError.invalidProxyHeader) { try parse(line) }
    }

    @Test("2.2: addresses of both families and of Unix-domain sockets")
    func binaryAddresses() throws {
        #expect(try parse(binary(family: 0x11, ipv4) + [1]) ?? (.unknown, 0) == (try address("203.0.113.9"), 28))
        #expect(try parse(binary(family: 0x21, ipv6)) ?? (.unknown, 0) == (try address("2001:db8::9"), 52))
        let paths = [UInt8](repeating: 7, count: 216)
        #expect(try parse(binary(family: 0x31, paths)) ?? (.unknown, 0) == (.unixSocket, 232))
    }

    @Test("2.2: LOCAL and AF_UNSPEC leave the addresses as they are, whatever follows")
    func local() throws {
        for (command, family) in [(0x20, 0x00), (0x20, 0x11), (0x20, 0xFF), (0x21, 0x00)] as [(UInt8, UInt8)] {
            for payload in [[], [1, 2, 3], ipv4] {
                let result = try #require(try parse(binary(command: command, family: family, payload)))
                #expect(result == (.unknown, 16 + payload.count))
            }
        }
    }

    @Test("2.2: other versions, commands, families and lengths are refused")
    func refusedBinary() {
        for (command, family) in [
            (0x11, 0x11), (0x31, 0x11), (0x22, 0x11), (0x2F, 0x11), (0x21, 0x12), (0x21, 0x22), (0x21, 0x32),
            (0x21, 0x10),
            (0x21, 0x01), (0x21, 0x41), (0x21, 0xFF), (0x21, 0x21), (0x21, 0x31),
        ] as [(UInt8, UInt8)] {
            #expect(throws: ParseError.invalidProxyHeader) {
                try parse(binary(command: command, family: family, ipv4))
            }
        }
        #expect(throws: ParseError.invalidProxyHeader) { try parse(binary(family: 0x11, Array(ipv4.dropLast()))) }
        #expect(throws: ParseError.invalidProxyHeader) { try parse(Array("\r\n\r\n\0\r\nQUIT\r".utf8)) }
    }

    @Test("2.2: a header is as long as it says, up to 2064 bytes")
    func length() throws {
        let filler = 2048 - ipv4.count - 3
        let values = [0x04, UInt8(filler >> 8), UInt8(filler & 0xFF)] + [UInt8](repeating: 0, count: filler)
        #expect(try parse(binary(family: 0x11, ipv4 + values))?.length == 2064)
        #expect(try parse(binary(family: 0x11, ipv4 + values.dropLast(), length: 2048)) == nil)
        #expect(throws: ParseError.invalidProxyHeader) { try parse(binary(family: 0x11, [], length: 2049)) }
    }

    @Test(
        "2.2: additional values fill the rest exactly",
        arguments: [[4], [4, 0], [4, 0, 1], [4, 0, 0, 4], [4, 0xFF, 0xFF, 0]] as [[UInt8]])
    func brokenValues(values: [UInt8]) {
        #expect(throws: ParseError.invalidProxyHeader) { try parse(binary(family: 0x11, ipv4 + values)) }
    }

    @Test("2.2.1: a checksum that is there must be right")
    func checksum() throws {
        let right: [UInt8] = [0xF1, 0x73, 0xFF, 0x36]
        let header = binary(family: 0x11, ipv4 + [3, 0, 4] + right)
        #expect(try parse(header)?.length == 35)
        // But for the byte that says that this is a checksum, every change is noticed.
        for index in header.indices where index >= 16 && index != 28 {
            var changed = header
            changed[index] ^= 1
            #expect(throws: ParseError.invalidProxyHeader) { try parse(changed) }
        }
        #expect(throws: ParseError.invalidProxyHeader) { try parse(binary(family: 0x11, ipv4 + [3, 0, 3, 0, 0, 0])) }
    }
}
