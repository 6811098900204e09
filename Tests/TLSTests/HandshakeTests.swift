import COpenSSL
import Testing

@testable import TLS

/// Certificates that many tests need; making them takes time.
enum Known {
    static let authority: Minted = {
        var form = CertificateMint.Form("Authority")
        form.isAuthority = true
        return CertificateMint.make(form)
    }()
    static let a = CertificateMint.make(.init("a", names: "DNS:a.example"), by: authority)

    static var server: ServerTLSSettings {
        ServerTLSSettings(certificates: [.init(chain: a.certificate, key: a.key)])
    }

    static func client(_ name: String = "a.example") -> ClientTLSSettings {
        var settings = ClientTLSSettings(serverName: name)
        settings.authorities = authority.certificate
        return settings
    }
}

@Suite("RFC 8446: handshakes", .timeLimit(.minutes(1)))
struct HandshakeTests {
    @Test("both sides come to speak TLS 1.3, and what one writes the other reads")
    func good() async throws {
        let outcome = try await onLoop { bench in
            let (server, client) = (try await bench.addServer(Known.server), try await bench.addClient(Known.client()))
            let outcome = try await bench.connect(server: server, client: client)
            let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
            try await bench.withPair { bench, pair in
                for (source, sink) in [(pair.client, pair.server), (pair.server, pair.client)] {
                    let arrived = try await bench.pass(bytes, from: source, to: sink)
                    #expect(arrived == bytes)
                }
            }
            return outcome
        }
        #expect(outcome.server == nil)
        #expect(outcome.client == nil)
        #expect(outcome.version == "TLSv1.3")
        #expect(outcome.applicationProtocol == .http11)
        #expect(outcome.serverName == "a")
        #expect(!outcome.isResumed)
        #expect(outcome.clientCertificate == nil)
    }

    @Test(
        "HTTP/2 is spoken where both want it; a client that wants nothing else gets an alert otherwise (RFC 7301 section 3.2)",
        arguments: [true, false])
    func http2(isOffered: Bool) async throws {
        let outcome = try await onLoop { bench in
            var settings = Known.server
            settings.offersHTTP2 = isOffered
            var wanted = Known.client()
            wanted.applicationProtocol = .http2
            return try await bench.connect(
                server: try await bench.addServer(settings), client: try await bench.addClient(wanted))
        }
        #expect(outcome.isGood == isOffered)
        #expect(outcome.applicationProtocol == (isOffered ? .http2 : nil))
        if !isOffered {
            #expect(outcome.server == .handshake(.applicationProtocol))
            #expect(outcome.client == .handshake(.alert("tlsv1 alert no application protocol")))
        }
    }

    @Test("the first flight is understood wherever the network cut it")
    func cuts() async throws {
        try await onLoop { bench in
            let server = try await bench.addServer(SessionResumptionTests.two)
            let flight = try await bench.firstFlight(of: try await bench.addClient(Known.client("b.example")))
            try #require(flight.count > 100)
            for cut in 0...flight.count {
                let (answer, isOfSite) = try await bench.answer(
                    of: server, to: flight, cut: cut, name: Array("b.example".utf8))
                #expect(isOfSite && answer.count > 100 && answer[0] == 22 && answer[5] == 2, "cut at \(cut)")
            }
        }
    }

    @Test(
        "the server's cipher is chosen, unless the client likes ChaCha20 best, as do those without AES in hardware",
        arguments: [
            (["CHACHA20", "AES256", "AES128"], "CHACHA20"), (["AES256", "CHACHA20", "AES128"], "AES128"),
            (["AES256", "CHACHA20"], "AES256"),
        ])
    func ciphers(offered: [String], chosen: String) async throws {
        let suites = [
            TLSVersion.tls13: [
                "CHACHA20": "TLS_CHACHA20_POLY1305_SHA256", "AES256": "TLS_AES_256_GCM_SHA384",
                "AES128": "TLS_AES_128_GCM_SHA256",
            ],
            .tls12: [
                "CHACHA20": "ECDHE-ECDSA-CHACHA20-POLY1305", "AES256": "ECDHE-ECDSA-AES256-GCM-SHA384",
                "AES128": "ECDHE-ECDSA-AES128-GCM-SHA256",
            ],
        ]
        for (version, names) in suites {
            let list = offered.compactMap { names[$0] }.joined(separator: ":")
            let cipher = try await onLoop { bench in
                let outcome = try await bench.connect(
                    server: try await bench.addServer(Known.server), client: try await bench.addClient(Known.client()),
                    version: version
                ) { client in
                    // SAFETY: the handle is alive during the call, which copies the list.
                    unsafe client.withHandle { handle in
                        unsafe version == .tls13
                            ? SSL_set_ciphersuites(handle, list) : SSL_set_cipher_list(handle, list)
                    }
                }
                #expect(outcome.isGood)
                return try await bench.withPair { _, pair in
                    // SAFETY: the name is static.
                    unsafe pair.client.withHandle { handle in
                        unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(handle)))
                    }
                }
            }
            #expect(cipher == names[chosen])
        }
    }
}
