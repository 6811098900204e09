import Bytes
import Synchronization
import Testing
import Transport

@testable import TLS

/// A clock that tests set.
final class SetClock: Sendable {
    let seconds: Mutex<Int64>
    init(_ seconds: Int64) { self.seconds = Mutex(seconds) }
    var now: Int64 { seconds.withLock { $0 } }
    func advance(_ by: Int64) { seconds.withLock { $0 += by } }
}

@Suite("security.md rule 19: resumption", .timeLimit(.minutes(1)))
struct SessionResumptionTests {
    static let b = CertificateMint.make(.init("b", names: "DNS:b.example"), by: Known.authority)
    static let other: Minted = {
        var form = CertificateMint.Form("Other authority")
        form.isAuthority = true
        return CertificateMint.make(form)
    }()
    static let person: Minted = {
        var form = CertificateMint.Form("person")
        form.serial = 77
        return CertificateMint.make(form, by: Known.authority)
    }()

    static var two: ServerTLSSettings {
        var settings = Known.server
        settings.certificates.append(.init(chain: b.certificate, key: b.key))
        return settings
    }

    static func asking(
        _ wanted: ServerTLSSettings.ClientCertificate, _ authority: Minted = Known.authority, revoked: [Int]? = nil
    ) -> ServerTLSSettings {
        var settings = Known.server
        settings.clientCertificate = wanted
        settings.clientAuthorities = authority.certificate
        settings.clientRevocations = revoked.map { CertificateMint.revocations(of: $0, by: authority) }
        return settings
    }

    /// Two connections with the same client, one after the other, to two servers with the same ticket keys.
    private func both(
        _ first: ServerTLSSettings, _ second: ServerTLSSettings, _ version: TLSVersion, name: String? = nil,
        person: Minted? = nil, between: @escaping @Sendable (SetClock) -> Void = { _ in }
    ) async throws -> (TLSBench.Outcome, TLSBench.Outcome) {
        try await onLoop { bench in
            let clock = SetClock(WallClock.microseconds / 1_000_000)
            let tickets = TicketKeys { clock.now }
            var wanted = Known.client()
            wanted.certificate = person.map { .init(chain: $0.certificate, key: $0.key) }
            let client = try await bench.addClient(wanted)
            let servers = (
                try await bench.addServer(first, tickets: tickets), try await bench.addServer(second, tickets: tickets)
            )
            let before = try await bench.connect(server: servers.0, client: client, version: version)
            between(clock)
            return (
                before, try await bench.connect(server: servers.1, client: client, name: name, version: version)
            )
        }
    }

    @Test("another worker with the same settings resumes", arguments: TLSVersion.allCases)
    func acrossWorkers(version: TLSVersion) async throws {
        let (first, second) = try await both(Known.server, Known.server, version)
        #expect(first.isGood && !first.isResumed)
        #expect(second.isGood && second.isResumed && second.version == version.text)
    }

    @Test("a ticket of one name is not resumed under another", arguments: TLSVersion.allCases)
    func otherName(version: TLSVersion) async throws {
        let (_, same) = try await both(Self.two, Self.two, version, name: "a.example")
        #expect(same.isResumed)
        let (first, second) = try await both(Self.two, Self.two, version, name: "b.example")
        #expect(first.serverName == "a")
        #expect(!second.isResumed, "the ticket is of another certificate")
    }

    @Test(
        "a ticket from where no certificate is asked for does not open where one is required",
        arguments: TLSVersion.allCases)
    func otherPolicy(version: TLSVersion) async throws {
        let (first, second) = try await both(Known.server, Self.asking(.required), version)
        #expect(first.isGood)
        #expect(second.server == .handshake(.certificate("none was shown")))
        #expect(second.client != nil)
    }

    @Test("the certificate of the client is known after resumption", arguments: TLSVersion.allCases)
    func certificate(version: TLSVersion) async throws {
        let (first, second) = try await both(
            Self.asking(.required), Self.asking(.required), version, person: Self.person)
        #expect(first.clientCertificate != nil)
        #expect(second.isResumed && second.clientCertificate == first.clientCertificate)
    }

    @Test("a ticket is not resumed after other authorities came", arguments: TLSVersion.allCases)
    func otherAuthority(version: TLSVersion) async throws {
        let (first, second) = try await both(
            Self.asking(.required), Self.asking(.required, Self.other), version, person: Self.person)
        #expect(first.isGood && !second.isGood)
    }

    @Test("a ticket is not resumed after its certificate was revoked", arguments: TLSVersion.allCases)
    func revoked(version: TLSVersion) async throws {
        let (first, second) = try await both(
            Self.asking(.required, revoked: []), Self.asking(.required, revoked: [77]), version, person: Self.person)
        #expect(first.isGood)
        #expect(second.server == .handshake(.certificate("certificate revoked")))
    }

    @Test("a ticket is not resumed after its certificate or the list has expired", arguments: TLSVersion.allCases)
    func expired(version: TLSVersion) async throws {
        for revoked in [nil, [Int]()] {
            let settings = Self.asking(.required, revoked: revoked)
            let (first, second) = try await both(settings, settings, version, person: Self.person) { clock in
                // OpenSSL's own clock goes on: what tells is the clock of the tickets.
                clock.seconds.withLock { $0 = .max / 2 }
            }
            #expect(first.isGood && second.isGood && !second.isResumed)
        }
    }

    @Test(
        "keys rotate: a ticket is good for three hours at most, and unknown keys are passed over",
        arguments: TLSVersion.allCases)
    func rotation(version: TLSVersion) async throws {
        let (_, young) = try await both(Known.server, Known.server, version) { $0.advance(TicketKeys.rotation + 1) }
        #expect(young.isResumed)
        let (_, old) = try await both(Known.server, Known.server, version) {
            $0.advance(TicketKeys.rotation + TicketKeys.lifetime + 1)
        }
        #expect(old.isGood && !old.isResumed)
    }

    @Test("a session to an upstream is not resumed after the certificate that it stems from has expired")
    func upstreamExpired() async throws {
        let isResumed = try await onLoop { bench in
            let clock = SetClock(WallClock.microseconds / 1_000_000)
            let server = try await bench.addServer(Known.server)
            let client = try await bench.addClient(Known.client()) { clock.now }
            var isResumed: [Bool] = []
            for _ in 0..<4 {
                if isResumed.count == 3 { clock.advance(86400) }
                let outcome = try await bench.connect(server: server, client: client)
                isResumed.append(outcome.isGood && outcome.isResumed)
            }
            return isResumed
        }
        #expect(isResumed == [false, true, true, false])
    }

    @Test("replicas with the same key files resume each other's sessions", arguments: [48, 80])
    func files(count: Int) async throws {
        var (old, new) = (Known.server, Known.server)
        old.ticketKeys = [[UInt8](repeating: 1, count: count)]
        new.ticketKeys = [[UInt8](repeating: 2, count: count), [UInt8](repeating: 1, count: count)]
        #expect(try await both(old, new, .tls13).1.isResumed)
        #expect(try await !both(new, old, .tls13).1.isResumed)
        old.ticketKeys = [[UInt8](repeating: 1, count: count + 1)]
        #expect(throws: TLSError.settings(.ticketKey(0), .keyLength(count + 1))) {
            _ = try ServerTLSContext(old, tickets: TicketKeys())
        }
    }
}
