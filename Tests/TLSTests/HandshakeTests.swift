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
}
