import HTTP
import Testing
import Transport

@testable import Outbound

@Suite("RFC 9112: exchanges of the gateway's own client", .timeLimit(.minutes(1)))
struct ExchangeTests {
    @Test("requests are written with what the client adds")
    func requests() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in
                .response(404, "Content-Type: Text/HTML; x=y\r\n", content: "no")
            }
            var post = OutboundRequest(.post, try bench.url("/introspect?x"))
            post.fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Basic YTpi")]
            post.content = Array("token=t".utf8)
            let answer = try await bench.send(post).get()
            #expect(answer.status == 404 && answer.mediaType == "text/html" && answer.content == Array("no".utf8))
            _ = try await bench.get("/keys")
            let common = "Host: 127.0.0.1:\(bench.address.port)\r\nUser-Agent: gateway\r\nAccept-Encoding: identity\r\n"
            #expect(
                await bench.requests == [
                    "POST /introspect?x HTTP/1.1\r\n\(common)Content-Type: application/x-www-form-urlencoded\r\n"
                        + "Authorization: Basic YTpi\r\nContent-Length: 7\r\n\r\ntoken=t",
                    "GET /keys HTTP/1.1\r\n\(common)\r\n",
                ])
        }
    }

    @Test(
        "a response is the same wherever the network cut it",
        arguments: [
            Reply.response(200, "Content-Type: a/b\r\n", content: "hello"),
            Reply(pieces: [
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
                    + "Transfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"
            ]),
            Reply(pieces: ["HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\nhello"], end: .close),
        ])
    func cuts(reply: Reply) async throws {
        try await onLoop { loop in
            let text = try #require(reply.pieces.first)
            let bench = try Bench(loop: loop) { _, number, _ in
                var cut = reply
                cut.pieces = [String(text.prefix(number)), String(text.dropFirst(number))].filter { !$0.isEmpty }
                return cut
            }
            // A Character of Swift may be CR and LF together.
            for _ in 0...text.count {
                let answer = try await bench.get()
                #expect(answer.text == "hello" && (try? answer.get())?.mediaType == "a/b", "\(answer)")
            }
            #expect(await bench.requests.count == text.count + 1)
        }
    }

    @Test(
        "content beyond the limit is refused, as soon as it is announced",
        arguments: [
            Reply(pieces: ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"]),
            Reply(pieces: ["HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\nabc"]),
            Reply(pieces: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n"]),
            Reply(pieces: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n"]),
            Reply(pieces: ["HTTP/1.1 200 OK\r\n\r\nhello", "!"]),
        ])
    func tooLarge(reply: Reply) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in reply }
            let answer = try await bench.get(maximumSize: 5)
            #expect(answer.failure == OutboundError(.http, "the response is larger than 5 bytes"))
        }
    }

    @Test("content as large as the limit is taken")
    func largest() async throws {
        try await onLoop { loop in
            let content = String(repeating: "x", count: 512 * 1024)
            let bench = try Bench(loop: loop) { _, _, _ in .response(content: content) }
            #expect(try await bench.get(maximumSize: content.utf8.count).text == content)
            #expect(try await bench.get(maximumSize: content.utf8.count - 1).failed(.http, "larger"))
        }
    }

    @Test(
        "what is no good response is none",
        arguments: [
            (Reply(pieces: ["<html>"]), "status line"),
            (
                Reply(pieces: ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"], end: .close),
                "ended within its content"
            ),
            (
                Reply(pieces: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"], end: .close),
                "ended within its content"
            ),
            (Reply(pieces: ["HTTP/1.1 200 OK\r\nContent-"], end: .close), "ended within its head"),
            (Reply(pieces: ["HTTP/1.1 200 OK\r\nA: \(String(repeating: "a", count: 20_000))\r\n\r\n"]), "too large"),
            (Reply.response(200, "Content-Encoding: gzip\r\n"), "Content-Encoding"),
            (Reply.response(200, "Content-Encoding: identity\r\nContent-Encoding: br\r\n"), "Content-Encoding"),
            (Reply(pieces: ["HTTP/1.1 101 Switching Protocols\r\n\r\n"]), "101"),
            (Reply.response(200, "Content-Length: 1\r\n"), "repeated"), (Reply.close, "closed before a response"),
        ])
    func malformed(reply: Reply, words: String) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in reply }
            let answer = try await bench.get()
            #expect(answer.failed(.http, words), "\(answer)")
            #expect(await bench.connectionCount == 1, "a new connection that fails is not replaced")
        }
    }

    @Test("statuses of failure are answers; identity is no encoding", arguments: [400, 401, 404, 429, 500, 503])
    func statuses(status: Int) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in .response(status, "Content-Encoding: identity\r\n") }
            #expect(try await bench.get().status == status)
        }
    }

    @Test(
        "an answer that is too slow ends with the deadline, whoever sets it", arguments: [true, false],
        [("", "no response came in time"), ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "not complete in time")])
    func slow(isOfSettings: Bool, sent: (pieces: String, words: String)) async throws {
        try await onLoop { loop in
            let short = Nanoseconds.milliseconds(200)
            let bench = try Bench(loop: loop, change: { settings, _ in if isOfSettings { settings.timeout = short } }) {
                _, _, _ in Reply(pieces: sent.pieces.isEmpty ? [] : [sent.pieces])
            }
            let start = Instant.now
            let request = OutboundRequest(.get, try bench.url())
            let answer = await bench.send(request, within: isOfSettings ? .seconds(20) : short)
            #expect(answer.failed(.http, sent.words), "\(answer)")
            #expect(Instant.now.since(start) >= short && Instant.now.since(start) < .seconds(4))
        }
    }

    // MARK: Redirects

    @Test("redirects to the same host and port are followed", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, request in
                request.hasPrefix("GET /new ") ? .response(content: "ok") : .response(status, "Location: /new\r\n")
            }
            #expect(try await bench.get("/old").text == "ok")
            #expect(await bench.connectionCount == 1)
        }
    }

    @Test("three redirects are followed, not four", arguments: [3, 4])
    func manyRedirects(count: Int) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, number, _ in
                number < count ? .response(302, "Location: /\(number)\r\n") : .response(content: "ok")
            }
            let answer = try await bench.get()
            #expect(count == 3 ? answer.text == "ok" : answer.failed(.http, "more than 3 redirects"))
            #expect(await bench.requests.count == 4)
        }
    }

    @Test(
        "a redirect elsewhere is an error that says where to",
        arguments: [
            ("Location: http://127.0.0.2:PORT/x\r\n", "127.0.0.2:"),
            ("Location: http://127.0.0.1:1/secret\r\n", "127.0.0.1:1, another host or port"),
            ("Location: https://evil.example/secret\r\n", "evil.example:443, another host or port"),
            ("Location: //evil.example/\r\n", "nothing that could be followed"), ("", "nothing that could be followed"),
            ("Location: file:///etc/passwd\r\n", "nothing that could be followed"),
        ])
    func foreignRedirects(lines: String, words: String) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, request in
                let port = request.split(separator: "127.0.0.1:")[1].prefix { $0.isNumber }
                return .response(302, lines.replacing("PORT", with: port))
            }
            let answer = try await bench.get()
            #expect(answer.failed(.http, words) && answer.failed(.http, "a redirect"), "\(answer)")
            #expect(answer.failure?.detail.contains("secret") == false)
        }
    }

    @Test("POST is never redirected, and https never to http")
    func forbiddenRedirects() async throws {
        try await onLoop { loop in
            let plain = try Bench(loop: loop) { _, _, _ in .response(307, "Location: /new\r\n") }
            let answer = await plain.send(OutboundRequest(.post, try plain.url()))
            #expect(answer.failed(.http, "which POST does not follow"))
            let secure = try Bench(loop: loop, isSecure: true) { _, _, request in
                let port = request.split(separator: "127.0.0.1:")[1].prefix { $0.isNumber }
                return .response(307, "Location: http://127.0.0.1:\(port)/\r\n")
            }
            #expect(try await secure.get(scheme: "https").failed(.http, "from https to http"))
        }
    }
}
