import Bytes
import HTTP
import Testing
import Transport

@testable import Admin

@Suite("Only this machine's names open the admin listener (DNS rebinding, cross-site requests)")
struct AdminSiteTests {
    private static let tcp = SocketAddress(numericHost: "127.0.0.1", port: 9901)
    private static let unix = SocketAddress(unixPath: "/run/admin.sock")

    private func isNamed(by host: String, at address: SocketAddress?) throws -> Bool {
        try Self.ask(try #require(address), "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") { $0.isNamed(by: $1.host) }
    }

    // The compiler does not take #require and a value that cannot be copied in one function.
    private static func ask(
        _ address: SocketAddress, _ head: String, _ question: (AdminSite, borrowing Request) -> Bool
    ) throws -> Bool {
        let request = try Exchange.head(head)
        return question(AdminSite(address), request)
    }

    @Test(
        "Loopback names and addresses, with the right port or none",
        arguments: [
            "localhost", "localhost:9901", "LOCALHOST:9901", "127.0.0.1", "127.0.0.1:9901", "127.8.9.1:9901", "[::1]",
            "[::1]:9901",
        ])
    func accepted(_ host: String) throws {
        #expect(try isNamed(by: host, at: Self.tcp))
    }

    @Test(
        "Any other name is refused",
        arguments: [
            "", "example.com", "example.com:9901", "localhost:80", "localhost:9902", "127.0.0.1:8080", "126.0.0.1:9901",
            "128.0.0.1", "[::2]:9901", "[::ffff:127.0.0.1]", "localhost.example.com:9901", "127.0.0.1.example.com",
            "0.0.0.0:9901", "127.1:9901", "2130706433",
        ])
    func refused(_ host: String) throws {
        #expect(try !isNamed(by: host, at: Self.tcp))
    }

    @Test("On a Unix-domain socket: localhost or nothing")
    func unixSocket() throws {
        #expect(try isNamed(by: "", at: Self.unix))
        #expect(try isNamed(by: "localhost", at: Self.unix))
        #expect(try !isNamed(by: "localhost:81", at: Self.unix))
        #expect(try !isNamed(by: "example.com", at: Self.unix))
    }

    private func isOrigin(_ lines: String, host: String = "localhost:9901") throws -> Bool {
        try Self.ask(
            try #require(Self.tcp), "POST /log_level HTTP/1.1\r\nHost: \(host)\r\n\(lines)\r\n"
        ) { $0.isOrigin(of: $1) }
    }

    @Test(
        "A change comes from no web page or from one of this listener's own",
        arguments: [
            "", "Origin: http://localhost:9901\r\n", "Sec-Fetch-Site: none\r\n",
            "Origin: http://localhost:9901\r\nSec-Fetch-Site: same-origin\r\n",
        ])
    func ownOrigin(_ lines: String) throws {
        #expect(try isOrigin(lines))
    }

    @Test(
        "A change from another site is refused",
        arguments: [
            "Origin: null\r\n", "Origin: http://localhost\r\n", "Origin: https://localhost:9901\r\n",
            "Origin: http://127.0.0.1:9901\r\n", "Origin: http://localhost:9901.example.com\r\n",
            "Origin: http://localhost:9901\r\nOrigin: http://example.com\r\n", "Origin:\r\n",
            "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "sec-fetch-site: CROSS-SITE\r\n",
            "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
            "Origin: http://localhost:9901\r\nSec-Fetch-Site: cross-site\r\n",
        ])
    func foreignOrigin(_ lines: String) throws {
        #expect(try !isOrigin(lines))
    }

    @Test("Without a port in Host, a page on port 80 is still another site")
    func originWithoutPort() throws {
        #expect(try !isOrigin("Origin: http://localhost\r\n", host: "localhost"))
        #expect(try isOrigin("Origin: http://localhost:9901\r\n", host: "localhost"))
    }
}
