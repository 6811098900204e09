import Testing
import Transport

@Suite("configuration.md: addresses")
struct SocketAddressTests {
    @Test(
        "addresses of digits are printed as the configuration writes them",
        arguments: [
            ("127.0.0.1", "127.0.0.1:8080"), ("0.0.0.0", "0.0.0.0:8080"), ("::1", "[::1]:8080"),
            ("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:8080"),
        ])
    func numeric(host: String, description: String) throws {
        let address = try #require(SocketAddress(numericHost: host, port: 8080))
        #expect(address.description == description)
        #expect(address.port == 8080)
    }

    @Test(
        "names and broken addresses are no addresses of digits", arguments: ["localhost", "", "1.2.3", "[::1]", "::g"])
    func names(host: String) {
        #expect(SocketAddress(numericHost: host, port: 1) == nil)
    }

    @Test("a path has a longest length, and no zero byte")
    func paths() {
        let longest = String(repeating: "a", count: SocketAddress.maximumPathLength)
        #expect(SocketAddress(unixPath: longest)?.description == "unix:\(longest)")
        #expect(SocketAddress(unixPath: longest + "a") == nil)
        #expect(SocketAddress(unixPath: "") == nil)
        #expect(SocketAddress(unixPath: "a\0b") == nil)
    }

    @Test("equal addresses are equal")
    func equality() {
        #expect(SocketAddress(numericHost: "::1", port: 1) == SocketAddress(numericHost: "0:0::1", port: 1))
        #expect(SocketAddress(numericHost: "::1", port: 1) != SocketAddress(numericHost: "::1", port: 2))
    }

    @Test("the address that is really listened on has a port")
    func bound() throws {
        let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        let socket = try ListeningSocket(address: address, connectionLimit: 1)
        #expect(socket.address.port != 0)
        #expect(throws: SocketError.addressInUse) {
            try ListeningSocket(address: socket.address, connectionLimit: 1)
        }
    }

    @Test("connections are counted against the limit")
    func limit() throws {
        let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        let socket = try ListeningSocket(address: address, connectionLimit: 2)
        #expect(socket.connectionOpened())
        #expect(socket.connectionOpened())
        #expect(!socket.connectionOpened())
        socket.connectionClosed()
        socket.connectionClosed()
        #expect(socket.connectionOpened())
    }
}
