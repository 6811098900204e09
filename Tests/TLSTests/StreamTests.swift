import COpenSSL
import Testing
import Transport

@testable import TLS

extension ReadOutcome {
    fileprivate var word: String {
        switch self {
        case .bytes: "bytes"
        case .wouldBlock: "nothing"
        case .end: "end"
        case .failed: "failed"
        }
    }
}

@Suite("issue 5: a stream inside TLS", .timeLimit(.minutes(1)))
struct StreamTests {
    private static func onPair(
        _ settings: ServerTLSSettings = Known.server, received: Int = 0, version: TLSVersion = .tls13,
        _ body: @Sendable @escaping (isolated TLSBench, TLSBench.Pair) async throws -> Void
    ) async throws {
        try await onLoop { bench in
            let (server, client) = (try await bench.addServer(settings), try await bench.addClient(Known.client()))
            let outcome = try await bench.connect(
                server: server, client: client, received: received, version: version)
            #expect(outcome.isGood)
            try await bench.withPair(body)
        }
    }

    @Test(
        "close_notify is an end, a connection that just ends is a failure (RFC 8446 section 6.1)",
        arguments: [true, false])
    func ends(isClean: Bool) async throws {
        try await Self.onPair { bench, pair in
            if isClean { pair.server.shutdownWriting() } else { pair.serverSocket.shutdownWriting() }
            let outcome = await bench.readOnce(pair.client)
            if isClean {
                #expect(outcome.word == "end")
                #expect(pair.client.remoteState == .ended)
                let answer = try await bench.pass([3], from: pair.client, to: pair.server)
                #expect(answer == [3], "the other direction goes on")
            } else {
                #expect(outcome.word == "failed")
                #expect(pair.client.remoteState == .gone)
            }
        }
    }

    @Test("close_notify is noticed while nobody reads, also on a connection that stays open (RFC 8446 section 6.1)")
    func farewell() async throws {
        try await Self.onPair { bench, pair in
            #expect(pair.client.remoteState == .open)
            // SAFETY: the handle is alive during the call.
            unsafe pair.server.withHandle { unsafe SSL_shutdown($0) }
            let deadline = Instant.now + .seconds(5)
            while pair.client.remoteState == .open, .now < deadline {
                _ = await pair.client.waiter?.wait(until: deadline)
            }
            #expect(pair.client.remoteState == .ended && pair.clientSocket.remoteState == .open)
            let answer = try await bench.pass([3], from: pair.client, to: pair.server)
            #expect(answer == [3], "the other direction goes on")
        }
    }

    @Test("a connection is quiet after its tickets, until something is said or it ends")
    func quiet() async throws {
        try await Self.onPair { bench, pair in
            #expect(pair.client.isQuiet && pair.server.isQuiet)
            _ = pair.server.write([9].span)
            #expect(!pair.client.isQuiet)
            let outcome = await bench.readOnce(pair.client)
            #expect(outcome.word == "bytes")
            #expect(pair.client.isQuiet)
            pair.server.close(abruptly: false)
            #expect(!pair.client.isQuiet && !pair.server.isQuiet)
        }
    }

    @Test("what was read before TLS began is not lost, wherever it was cut", arguments: [1, 5, 6, 100])
    func received(count: Int) async throws {
        try await Self.onPair(received: count) { bench, pair in
            let arrived = try await bench.pass([1, 2, 3], from: pair.client, to: pair.server)
            #expect(arrived == [1, 2, 3])
        }
    }

    @Test("what a full socket did not take is offered again, from another place and with more behind it")
    func fullSocket() async throws {
        try await Self.onPair { bench, pair in
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 8) }
            var sent = 0
            while case .bytes(let count) = pair.client.write(bytes.span.extracting(sent..<sent + 20_000)) {
                sent += count
            }
            try #require(sent > 0 && pair.client.remoteState == .open)
            let rest = Array(bytes[sent...])
            let arrived = try await bench.pass(rest, behind: sent, from: pair.client, to: pair.server)
            #expect(arrived == bytes)
        }
    }

    @Test("either side may change its keys, and ask the other to (RFC 8446 section 4.6.3)", arguments: [true, false])
    func keyUpdate(isRequested: Bool) async throws {
        try await Self.onPair { bench, pair in
            for (source, sink) in [(pair.client, pair.server), (pair.server, pair.client)] {
                // SAFETY: the handle is alive during the calls.
                let isBegun = unsafe source.withHandle { handle in
                    unsafe SSL_key_update(handle, isRequested ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
                }
                #expect(isBegun == 1)
                for bytes in [[1, 2], [3]] as [[UInt8]] {
                    let there = try await bench.pass(bytes, from: source, to: sink)
                    let back = try await bench.pass(bytes, from: sink, to: source)
                    #expect(there == bytes && back == bytes)
                }
                let pending = unsafe source.withHandle { unsafe SSL_get_key_update_type($0) }
                #expect(pending == SSL_KEY_UPDATE_NONE)
            }
        }
    }

    @Test("renegotiation is refused (security.md rule 19)")
    func renegotiation() async throws {
        try await Self.onPair(version: .tls12) { bench, pair in
            // SAFETY: the handle is alive during the calls.
            let result = unsafe pair.client.withHandle { handle in
                unsafe SSL_clear_options(handle, gateway_tls_options)
                unsafe SSL_renegotiate(handle)
                return unsafe SSL_do_handshake(handle)
            }
            #expect(result == -1, "the client waits for the answer")
            #expect(pair.server.isQuiet, "the server takes the message, and nothing else comes of it")
            let outcome = await bench.readOnce(pair.client)
            #expect(outcome.word == "failed")
        }
    }

    @Test("a request for the name of another certificate is misdirected (RFC 9110 section 15.5.20)")
    func misdirected() async throws {
        try await Self.onPair(SessionResumptionTests.two) { _, pair in
            for (host, isServed) in [("a.example", true), ("b.example", false), ("c.example", true), ("", true)] {
                let name = Array(host.utf8)
                #expect(pair.context.serves(name.span, on: pair.server) == isServed)
            }
        }
    }

    @Test("a handshake ends at its deadline")
    func deadline() async throws {
        let error = try await onLoop { bench in
            try await bench.handshakeAlone(
                server: try await bench.addServer(Known.server), until: .now + .milliseconds(1))
        }
        #expect(error == .timedOut)
    }
}

@Suite("configuration.md: certificates of clients", .timeLimit(.minutes(1)))
struct ClientCertificateTests {
    enum Shown: CaseIterable, Sendable {
        case nothing, good, wrongAuthority, expired, forServers

        var minted: Minted? {
            var form = CertificateMint.Form("person")
            switch self {
            case .nothing: return nil
            case .good: break
            case .wrongAuthority: return CertificateMint.make(form, by: SessionResumptionTests.other)
            case .expired: form.notAfter = -60
            case .forServers: form.usage = "serverAuth"
            }
            return CertificateMint.make(form, by: Known.authority)
        }
    }

    @Test(
        "a certificate that is not good ends the handshake, optional or not", arguments: TLSVersion.allCases,
        Shown.allCases)
    func policies(version: TLSVersion, shown: Shown) async throws {
        for policy in [ServerTLSSettings.ClientCertificate.optional, .required] {
            let outcome = try await onLoop { bench in
                var wanted = Known.client()
                wanted.certificate = shown.minted.map { .init(chain: $0.certificate, key: $0.key) }
                return try await bench.connect(
                    server: try await bench.addServer(SessionResumptionTests.asking(policy)),
                    client: try await bench.addClient(wanted), version: version)
            }
            #expect(outcome.isGood == (shown == .good || shown == .nothing && policy == .optional))
            #expect((outcome.clientCertificate != nil) == (shown == .good))
        }
    }

    @Test("each of several certificates is shown to clients with a good one only", arguments: TLSVersion.allCases)
    func severalSites(version: TLSVersion) async throws {
        for (name, shown) in [("a.example", "a"), ("b.example", "b")] {
            for person in [Shown.good.minted, nil] {
                let outcome = try await onLoop { bench in
                    var settings = SessionResumptionTests.asking(.required)
                    settings.certificates = SessionResumptionTests.two.certificates
                    var wanted = Known.client(name)
                    wanted.certificate = person.map { .init(chain: $0.certificate, key: $0.key) }
                    return try await bench.connect(
                        server: try await bench.addServer(settings), client: try await bench.addClient(wanted),
                        version: version)
                }
                #expect(outcome.server == (person == nil ? .handshake(.certificate("none was shown")) : nil))
                #expect(outcome.serverName == (person == nil ? "" : shown))
                #expect((outcome.clientCertificate != nil) == (person != nil))
            }
        }
    }

    @Test("a list of another authority, or one that has expired, refuses", arguments: [true, false])
    func lists(isExpired: Bool) async throws {
        let outcome = try await onLoop { bench in
            var settings = SessionResumptionTests.asking(.required)
            settings.clientRevocations =
                isExpired
                ? CertificateMint.revocations(of: [], by: Known.authority, nextUpdate: -60)
                : CertificateMint.revocations(of: [], by: SessionResumptionTests.other)
            var wanted = Known.client()
            wanted.certificate = Shown.good.minted.map { .init(chain: $0.certificate, key: $0.key) }
            return try await bench.connect(
                server: try await bench.addServer(settings), client: try await bench.addClient(wanted))
        }
        let words = isExpired ? "CRL has expired" : "unable to get certificate CRL"
        #expect(outcome.server == .handshake(.certificate(words)))
    }
}
