import Bytes
import HTTP
import Testing

@Suite("RFC 9112 section 4: Status Line")
struct Section4StatusLineTests {
    @Test(
        "Status and reason are read; the reason may be missing",
        arguments: [
            ("HTTP/1.1 200 OK", 200, "OK"), ("HTTP/1.1 404 ", 404, ""), ("HTTP/1.0 301", 301, ""),
            ("HTTP/1.1 200 Très bien", 200, "Très bien"),
        ])
    func statusLine(line: String, status: Int, reason: String) throws {
        let response = try #require(try readResponse(line + "\r\nContent-Length: 0\r\n\r\n"))
        #expect(response.head.status == status)
        #expect(response.head.reason.text == reason)
    }

    @Test(
        "What is no status line is refused",
        arguments: [
            "\r\nHTTP/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 A",
            "HTTP/1.1 600 A", "HTTP/2.0 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 +20 OK",
        ])
    func malformed(line: String) {
        #expect(throws: ParseError.self) { try readResponse(line + "\r\n\r\n") }
    }

    @Test("What cannot become a status line is refused at once")
    func early() {
        #expect(throws: ParseError.malformedStatusLine) { try readResponse("SSH-2.0") }
    }
}
