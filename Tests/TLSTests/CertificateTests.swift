import COpenSSL
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

    @Test(
        "RSA and ECDSA stand side by side for one name: the client's signature algorithms decide",
        arguments: TLSVersion.allCases)
    func keyTypes(version: TLSVersion) async throws {
        var form = CertificateMint.Form("rsa", names: "DNS:a.example")
        form.key = .rsa(bits: 2048)
        let rsa = CertificateMint.make(form, by: Known.authority)
        for (algorithms, shown) in [("ECDSA+SHA256", "a"), ("RSA-PSS+SHA256", "rsa")] {
            let outcome = try await onLoop { bench in
                var settings = Known.server
                settings.certificates.append(.init(chain: rsa.certificate, key: rsa.key))
                var wanted = Known.client()
                wanted.verifies = false
                return try await bench.connect(
                    server: try await bench.addServer(settings), client: try await bench.addClient(wanted),
                    version: version
                ) { client in
                    // SAFETY: the handle is alive during the call, which copies the list.
                    unsafe client.withHandle { handle in
                        unsafe algorithms.withCString {
                            unsafe SSL_ctrl(handle, SSL_CTRL_SET_SIGALGS_LIST, 0, .init(mutating: $0))
                        }
                    }
                }
            }
            #expect(outcome.isGood && outcome.serverName == shown)
        }
        var twice = Known.server
        twice.certificates.append(twice.certificates[0])
        #expect(throws: TLSError.settings(.certificate(1), .neverShown)) {
            _ = try ServerTLSContext(twice, tickets: TicketKeys())
        }
    }

    @Test("a weak key is refused", arguments: [1024])
    func weakKey(bits: Int32) {
        var form = CertificateMint.Form("weak")
        form.key = .rsa(bits: bits)
        let weak = CertificateMint.make(form)
        #expect(throws: TLSError.settings(.certificate(0), .refused("ee key too small"))) {
            _ = try ServerTLSContext(
                ServerTLSSettings(certificates: [.init(chain: weak.certificate, key: weak.key)]), tickets: TicketKeys())
        }
    }

    @Test("what is stapled arrives until it expires", arguments: [true, false])
    func staple(isExpired: Bool) async throws {
        let response = CertificateMint.response(
            for: Known.a, by: Known.authority, nextUpdate: isExpired ? -60 : 86400)
        let count = try await onLoop { bench in
            var settings = Known.server
            settings.certificates[0].staple = response
            _ = try await bench.connect(
                server: try await bench.addServer(settings), client: try await bench.addClient(Known.client())
            ) { client in
                // SAFETY: the handle is alive during the call.
                unsafe client.withHandle {
                    unsafe SSL_ctrl($0, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, Int(TLSEXT_STATUSTYPE_ocsp), nil)
                }
            }
            return try await bench.withPair { _, pair in
                // SAFETY: the call writes a pointer, which is not used.
                unsafe pair.client.withHandle { handle in
                    var bytes: UnsafeMutableRawPointer?
                    return unsafe SSL_ctrl(handle, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &bytes)
                }
            }
        }
        #expect(count == (isExpired ? -1 : response.count))
    }

    @Test("TLS 1.1 is not spoken, nor 1.2 where 1.3 is the least", arguments: [0, 1, 2])
    func versions(which: Int) async throws {
        let outcome = try await onLoop { bench in
            var settings = Known.server
            if which == 1 { settings.minimumVersion = .tls13 }
            return try await bench.connect(
                server: try await bench.addServer(settings), client: try await bench.addClient(Known.client()),
                version: which == 1 ? .tls12 : .tls13
            ) { client in
                guard which == 0 else { return }
                // SAFETY: the handle is alive during the calls.
                unsafe client.withHandle { handle in
                    unsafe SSL_set_security_level(handle, 0)
                    unsafe SSL_ctrl(handle, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_1_VERSION), nil)
                    unsafe SSL_ctrl(handle, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_1_VERSION), nil)
                    unsafe SSL_set_cipher_list(handle, "ALL:@SECLEVEL=0")
                }
            }
        }
        #expect(outcome.server == (which == 2 ? nil : .handshake(.speech("unsupported protocol"))))
    }

    @Test("keys of settings never print (security.md rule 18)")
    func hidden() {
        var server = ServerTLSSettings(certificates: [.init(chain: [], key: [211, 212, 213])])
        server.ticketKeys = [[211, 212, 213]]
        var client = ClientTLSSettings(serverName: "a.example")
        client.certificate = .init(chain: [], key: [211, 212, 213])
        var dumped = ""
        dump(server, to: &dumped)
        dump(client, to: &dumped)
        dump(server.certificates, to: &dumped)
        dumped +=
            "\(server) \(client) \(server.certificates) " + String(reflecting: server) + String(reflecting: client)
        #expect(!dumped.contains("212"))
    }

    @Test("a summary tells names and times")
    func summary() throws {
        let summary = try CertificateSummary(chain: Known.a.certificate)
        #expect(summary.names == ["a.example"])
        #expect(summary.notAfter - summary.notBefore == 90000)
        #expect(summary.isValid(at: summary.notBefore) && !summary.isValid(at: summary.notAfter))
    }
}
