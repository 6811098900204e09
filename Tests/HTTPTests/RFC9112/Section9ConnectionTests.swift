import HTTP
import Testing

@Suite("RFC 9112 section 9: Connection Management")
struct Section9ConnectionTests {
    @Test(
        "Persistence depends on version and Connection",
        arguments: [
            ("HTTP/1.1", "X: y", true), ("HTTP/1.1", "Connection: close", false),
            ("HTTP/1.1", "Connection: x, CLOSE", false),
            ("HTTP/1.0", "X: y", false), ("HTTP/1.0", "Connection: Keep-Alive", true),
            ("HTTP/1.0", "Connection: keep-alive, close", false),
            ("HTTP/1.1", "Connection: keep-alive\r\nConnection: close", false),
        ])
    func persistence(version: String, line: String, isPersistent: Bool) throws {
        #expect(try readRequest(withFields(line, version: version))?.head.isPersistent == isPersistent)
        let response = "\(version) 200 OK\r\nContent-Length: 0\r\n\(line)\r\n\r\n"
        #expect(try readResponse(response)?.head.isPersistent == isPersistent)
    }

    @Test("A response that lasts until the connection ends, or may be followed by a body it must not have, ends it")
    func endingResponses() throws {
        #expect(try readResponse("HTTP/1.1 200 OK\r\n\r\n")?.head.isPersistent == false)
        #expect(try readResponse("HTTP/1.1 204 A\r\nContent-Length: 5\r\n\r\n")?.head.isPersistent == false)
        #expect(try readResponse("HTTP/1.1 204 A\r\nContent-Length: 0\r\n\r\n")?.head.isPersistent == true)
    }

    @Test("Informational responses are followed by another, 101 is not")
    func informational() throws {
        #expect(try readResponse("HTTP/1.1 100 Continue\r\n\r\n")?.head.isInformational == true)
        #expect(try readResponse("HTTP/1.1 101 A\r\nUpgrade: b\r\n\r\n")?.head.isInformational == false)
    }
}
