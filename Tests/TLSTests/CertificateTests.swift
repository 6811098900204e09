import Testing

@testable import TLS

@Suite("issue 5: certificates", .timeLimit(.minutes(1)))
struct CertificateTests {
    @Test(
        "the name asked for chooses: exact before wildcard, one label, in any case, else the first",
        arguments: [
            ("a.example", "a"), ("W.Example.ORG", "exact"), ("x.example.org", "wild"), ("x.example.org.", "wild"),
            ("y.x.example.org", "a"), ("example.org", "a"), ("10.0.0.1", "a"),
        ])
    func names(name: String, shown: String) async throws {
        let outcome = try await onLoop { bench in
            var settings = Known.server
            for (subject, names) in [("wild", "DNS:*.example.org"), ("exact", "DNS:w.example.org")] {
                let minted = CertificateMint.make(.init(subject, names: names), by: Known.authority)
                settings.certificates.append(.init(chain: minted.certificate, key: minted.key))
            }
            var wanted = ClientTLSSettings(serverName: name)
            wanted.verifies = false
            return try await bench.connect(
                server: try await bench.addServer(settings), client: try await bench.addClient(wanted))
        }
        #expect(outcome.isGood)
        #expect(outcome.serverName == shown)
    }

    @Test(
        "an upstream without a good certificate is refused, with OpenSSL's words",
        arguments: [
            ("b.example", "hostname mismatch"), ("127.0.0.1", "IP address mismatch"), ("a.example", nil as String?),
        ])
    func upstreamName(name: String, words: String?) async throws {
        let outcome = try await onLoop { bench in
            try await bench.connect(
                server: try await bench.addServer(Known.server), client: try await bench.addClient(Known.client(name)))
        }
        #expect(outcome.client == words.map { .handshake(.certificate($0)) })
    }

    @Test("each part of the settings that is wrong is named")
    func faults() {
        let a = Known.a
        func fault(_ chain: [UInt8], _ key: [UInt8], staple: [UInt8]? = nil) -> TLSError? {
            let settings = ServerTLSSettings(certificates: [.init(chain: chain, key: key, staple: staple)])
            do throws(TLSError) {
                _ = try ServerTLSContext(settings, tickets: TicketKeys())
                return nil
            } catch {
                return error
            }
        }
        let b = SessionResumptionTests.b
        #expect(fault([], a.key) == .settings(.certificate(0), .noCertificate))
        #expect(fault(a.certificate, []) == .settings(.key(0), .noKey))
        #expect(fault(a.certificate, b.key) == .settings(.key(0), .keyMismatch))
        #expect(fault(a.certificate, CertificateMint.encryptedKey(of: a)) == .settings(.key(0), .encryptedKey))
        #expect(fault(a.certificate + b.certificate, a.key) == .settings(.certificate(0), .brokenChain(number: 2)))
        #expect(fault(a.certificate + Known.authority.certificate, a.key) == nil)
        #expect(fault(a.certificate, a.key, staple: [1, 2]) == .settings(.staple(0), .notAResponse))
        var form = CertificateMint.Form("c")
        form.serial = 9
        let c = CertificateMint.make(form, by: Known.authority)
        let response = CertificateMint.response(for: a, by: Known.authority)
        #expect(fault(a.certificate, a.key, staple: response) == nil)
        #expect(fault(c.certificate, c.key, staple: response) == .settings(.staple(0), .otherCertificate))
    }

    @Test("a summary tells names and times")
    func summary() throws {
        let summary = try CertificateSummary(chain: Known.a.certificate)
        #expect(summary.names == ["a.example"])
        #expect(summary.notAfter - summary.notBefore == 90000)
        #expect(summary.isValid(at: summary.notBefore) && !summary.isValid(at: summary.notAfter))
    }
}
