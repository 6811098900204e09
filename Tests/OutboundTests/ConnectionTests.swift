import HTTP
import TLS
import Testing
import Transport

@testable import Outbound

@Suite("issue 7: connections of the gateway's own client", .timeLimit(.minutes(1)))
struct ConnectionTests {
    // MARK: Reuse

    @Test("a connection is used again, unless either side wants it to end", arguments: [false, true])
    func reuse(isSecure: Bool) async throws {
        try await onLoop { loop in
            let scheme = isSecure ? "https" : "http"
            let bench = try Bench(loop: loop, isSecure: isSecure) { _, number, _ in
                .response(200, number == 2 ? "Connection: close\r\n" : "", content: "\(number)")
            }
            for number in 0..<4 { #expect(try await bench.get(scheme: scheme).text == "\(number)") }
            #expect(await bench.connectionCount == 2)
            await bench.sweep()
            #expect(try await bench.get(scheme: scheme).text == "4")
            #expect(await bench.connectionCount == 2)
            await bench.retire()
            for _ in 0..<2 { #expect(try await bench.get(scheme: scheme).status == 200) }
            #expect(await bench.connectionCount == 4)
        }
    }

    @Test("bytes that were not asked for, or the end, make an idle connection useless", arguments: [false, true])
    func unquiet(isClosed: Bool) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, number, _ in
                var reply = Reply.response(content: "\(number)")
                if isClosed { reply.end = .close } else { reply.pieces.append("HTTP/1.1 200 OK\r\n\r\n") }
                return reply
            }
            for number in 0..<3 { #expect(try await bench.get().text == "\(number)") }
            #expect(await bench.connectionCount == 3)
        }
    }

    @Test(
        "a used connection that dies before a byte of the response is replaced, once", arguments: [Method.get, .post])
    func dying(method: Method) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, number, _ in
                [1, 3, 4].contains(number) ? .close : .response(content: "\(number)")
            }
            let request = OutboundRequest(method, try bench.url())
            #expect(await bench.send(request).text == "0")
            #expect(await bench.send(request).text == "2", "request 1 was answered by nothing")
            #expect(await bench.send(request).failed(.http, "closed before a response"), "requests 3 and 4")
            #expect(await bench.connectionCount == 3)
        }
    }

    @Test("a used connection that dies within the response is not replaced")
    func dyingLate() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, number, _ in
                number == 1 ? Reply(pieces: ["HTTP/1.1 2"], end: .close) : .response()
            }
            _ = try await bench.get()
            #expect(try await bench.get().failed(.http, "ended within its head"))
            #expect(await bench.requests.count == 2)
        }
    }

    // MARK: Bounds

    @Test("requests beyond the limit of connections wait in order")
    func order() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop, change: { settings, _ in settings.connectionLimit = 1 }) { _, _, _ in
                .response(content: "ok")
            }
            let answers = try await withThrowingTaskGroup(of: String?.self) { group in
                for number in 0..<20 {
                    group.addTask { try await bench.get("/\(number)").text }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == [String?](repeating: "ok", count: 20))
            let paths = await bench.requests.compactMap { $0.split(separator: " ").dropFirst().first }
            #expect(paths == (0..<20).map { "/\($0)" })
            #expect(await bench.connectionCount == 1)
        }
    }

    @Test("idle connections count, too: the oldest makes room for one to another origin")
    func room() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop, change: { settings, _ in settings.connectionLimit = 1 }) { _, _, _ in
                .response(content: "ok")
            }
            for host in ["127.0.0.1", "localhost", "127.0.0.1", "127.0.0.1"] {
                let request = OutboundRequest(.get, try bench.url(host: host))
                #expect(await bench.send(request).text == "ok")
            }
            #expect(await bench.connectionCount == 3)
        }
    }

    @Test("who waits for a connection has the deadline, and beyond a thousand nobody waits")
    func queue() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop, change: { settings, _ in settings.connectionLimit = 1 }) { _, _, _ in
                .silence
            }
            let request = OutboundRequest(.get, try bench.url())
            async let first = bench.send(request, within: .milliseconds(1500))
            while await bench.connectionCount == 0 { await Task.yield() }
            let failures = await withTaskGroup(of: OutboundError?.self) { group in
                for _ in 0..<OutboundClient.queueLimit + 2 {
                    group.addTask { await bench.send(request, within: .milliseconds(500)).failure }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            func count(_ words: String) -> Int { failures.count { $0?.detail.contains(words) == true } }
            #expect(await first.failed(.http, "no response came in time"))
            #expect(count("no connection was free in time") == OutboundClient.queueLimit)
            #expect(count("1000 requests wait for a connection already") == 2)
            #expect(await bench.connectionCount == 1)
        }
    }

    // MARK: Stages

    @Test("where nobody listens, the stage is connect, and the address is told")
    func refused() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in .silence }
            await bench.stop()
            let answer = try await bench.get()
            #expect(answer.failed(.connect, "\(bench.address.description): connection refused"), "\(answer)")
        }
    }

    @Test("a name is looked up, and all of its addresses are tried")
    func names() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in .response(content: "ok") }
            #expect(await bench.send(OutboundRequest(.get, try bench.url(host: "localhost"))).text == "ok")
        }
    }

    @Test("a name that hangs holds one thread, however many ask, and nobody longer than the deadline")
    func lookUps() async throws {
        try await onLoop { loop in
            let calls = try BlockingCalls(threadCount: 0, capacity: 1)
            let bench = try Bench(loop: loop, calls: calls) { _, _, _ in .silence }
            let (slow, other) = (try ServiceURL("https://slow.test/"), try ServiceURL("https://other.test/"))
            async let first = bench.send(OutboundRequest(.get, slow), within: .milliseconds(300))
            async let second = bench.send(OutboundRequest(.get, slow), within: .milliseconds(300))
            let late = OutboundError(.lookUp, "slow.test was not resolved in time")
            #expect(await [first.failure, second.failure] == [late, late])
            #expect(
                await bench.send(OutboundRequest(.get, other)).failed(
                    .lookUp, "other.test cannot be resolved: too many"))
        }
    }

    @Test("a socket of the gateway itself is not connected to, also by name", arguments: ["127.0.0.1", "localhost"])
    func forbidden(host: String) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop, isForbidden: true) { _, _, _ in .response() }
            let answer = await bench.send(OutboundRequest(.get, try bench.url(host: host)))
            #expect(answer.failed(.connect, "a socket of the gateway itself"), "\(answer)")
            #expect(await bench.connectionCount == 0)
        }
    }

    @Test("http leads only to this machine, unless it is allowed")
    func cleartext() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in .response() }
            let request = try OutboundRequest(.get, ServiceURL("http://192.0.2.1/"))
            #expect(await bench.send(request).failed(.connect, "not allowed"))
            let proxied = try Bench(
                loop: loop,
                change: { settings, port in
                    settings.allowsCleartext = true
                    settings.proxies.cleartext = try ServiceURL("http://127.0.0.1:\(port)")
                }
            ) { _, _, _ in .response(content: "ok") }
            #expect(await proxied.send(request).text == "ok")
            #expect(await proxied.requests[0].hasPrefix("GET http://192.0.2.1/ HTTP/1.1\r\nHost: 192.0.2.1\r\n"))
        }
    }

    // MARK: TLS

    @Test("a certificate for another name, or of an unknown authority, is not accepted", arguments: [true, false])
    func certificates(isOtherName: Bool) async throws {
        try await onLoop { loop in
            let bench = try Bench(
                loop: loop, isSecure: true,
                change: { settings, _ in
                    if isOtherName { settings.tls.serverName = nil } else { settings.tls.authorities = nil }
                }
            ) { _, _, _ in .response() }
            let answer = try await bench.get(scheme: "https")
            #expect(answer.failed(.tls, isOtherName ? "IP address mismatch" : "certificate not accepted"), "\(answer)")
            #expect(await bench.requests.isEmpty)
        }
    }

    @Test("a server that wants a certificate gets the one of the settings", arguments: [true, false])
    func clientCertificate(isShown: Bool) async throws {
        try await onLoop { loop in
            let bench = try Bench(
                loop: loop, isSecure: true, wantsCertificate: true,
                change: { settings, _ in
                    guard isShown else { return }
                    settings.tls.certificate = .init(
                        chain: try Bench.file("rsa.pem"), key: try Bench.file("rsa.key"))
                }
            ) { _, _, _ in .response(content: "ok") }
            let answer = try await bench.get(scheme: "https")
            #expect(answer.text == (isShown ? "ok" : nil), "\(answer)")
            #expect(await bench.requests.count == (isShown ? 1 : 0))
        }
    }

    @Test("a server that speaks no TLS, or nothing, fails in the handshake")
    func noTLS() async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop) { _, _, _ in .silence }
            let request = OutboundRequest(.get, try bench.url(scheme: "https"))
            #expect(await bench.send(request, within: .milliseconds(300)).failed(.tls, "took too long"))
        }
    }

    // MARK: Proxies

    private static let service = "https://idp.example/keys"

    @Test("https goes through a tunnel, which is used again")
    func tunnel() async throws {
        try await onLoop { loop in
            let bench = try Bench(
                loop: loop, change: { try Self.proxied(&$0, $1) }
            ) { _, number, _ in
                number == 0
                    ? Reply(pieces: ["HTTP/1.1 200 Connection established\r\n\r\n"], end: .secure)
                    : .response(content: "\(number)")
            }
            let request = try OutboundRequest(.get, ServiceURL(Self.service))
            #expect(await bench.send(request).text == "1")
            #expect(await bench.send(request).text == "2")
            let requests = await bench.requests
            #expect(
                requests[0]
                    == "CONNECT idp.example:443 HTTP/1.1\r\nHost: idp.example:443\r\nUser-Agent: gateway\r\n\r\n")
            #expect(requests[1].hasPrefix("GET /keys HTTP/1.1\r\nHost: idp.example\r\n"))
            #expect(await bench.connectionCount == 1)
        }
    }

    @Test(
        "a tunnel that does not come about fails at the stage of the proxy",
        arguments: [
            (Reply.response(403), "status 403"), (Reply.response(407), "status 407"), (Reply.close, "closed before"),
            (Reply(pieces: ["HTTP/1.1 200 OK\r\n\r\nsurprise"]), "content before the tunnel"),
            (Reply(pieces: ["SSH-2.0\r\n"]), "not valid"), (Reply.silence, "no response came in time"),
        ])
    func refusedTunnel(reply: Reply, words: String) async throws {
        try await onLoop { loop in
            let bench = try Bench(loop: loop, change: { try Self.proxied(&$0, $1) }) { _, _, _ in reply }
            let request = try OutboundRequest(.get, ServiceURL(Self.service))
            let answer = await bench.send(request, within: .milliseconds(500))
            #expect(answer.failed(.proxy, words), "\(answer)")
        }
    }

    @Test("a proxy that is not to be reached, or has no http URL, is named as the stage")
    func unreachableProxy() async throws {
        try await onLoop { loop in
            let request = try OutboundRequest(.get, ServiceURL(Self.service))
            let bench = try Bench(loop: loop, isForbidden: true, change: { try Self.proxied(&$0, $1) }) { _, _, _ in
                .silence
            }
            #expect(await bench.send(request).failed(.proxy, "a socket of the gateway itself"))
            let secure = try Bench(
                loop: loop,
                change: { settings, _ in settings.proxies.secure = try ServiceURL("https://proxy.example/") }
            ) { _, _, _ in .silence }
            #expect(await secure.send(request).failed(.proxy, "not an http URL"))
        }
    }

    private static func proxied(_ settings: inout OutboundSettings, _ port: UInt16) throws {
        settings.proxies.secure = try ServiceURL("http://127.0.0.1:\(port)")
    }
}
