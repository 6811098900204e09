import Bytes
import HTTP
import Revocation
import Synchronization
import Testing
import Transport

@testable import Admin

/// Requests to a responder as a client writes them, without sockets.
struct Exchange {
    let responder: AdminResponder

    /// A process that is well, whose level of logging is kept in `level`, and what is revoked in `revoked`.
    init(readiness: [ReadinessCheck] = [], level: Level = Level(), revoked: Revoked = Revoked()) throws {
        let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 9901))
        let operations = AdminOperations(
            readiness: readiness, configuration: { .init(json: Array("{\"version\":1}".utf8), version: "5be1c0") },
            routes: { Array("[]".utf8) }, logLevel: { level.current }, setLogLevel: { level.set($0) },
            keys: { Array("{\"issuers\":[]}".utf8) }, revocations: { revoked.list() },
            revoke: { revoked.change("revoke", $0) }, restore: { revoked.change("restore", $0) })
        responder = AdminResponder(site: AdminSite(address), operations: operations)
    }

    final class Level: Sendable {
        private let value = Mutex(ApplicationLogLevel.info)

        var current: ApplicationLogLevel { value.withLock { $0 } }

        func set(_ level: ApplicationLogLevel) { value.withLock { $0 = level } }
    }

    /// Notes what is asked for, and answers what it was told.
    final class Revoked: Sendable {
        struct Call: Equatable {
            let name: String
            let entries: [RevocationEntry]
        }

        private let outcome: AdminOperations.RevocationOutcome
        private let file: [RevocationEntry]
        private let admin: [RevocationEntry]
        private let noted = Mutex<[Call]>([])

        init(
            _ outcome: AdminOperations.RevocationOutcome = .changed(count: 1, warning: nil),
            file: [RevocationEntry] = [], admin: [RevocationEntry] = []
        ) {
            self.outcome = outcome
            self.file = file
            self.admin = admin
        }

        var calls: [Call] { noted.withLock { $0 } }

        func list() -> AdminOperations.Revocations { .init(file: file, admin: admin) }

        func change(_ name: String, _ entries: [RevocationEntry]) -> AdminOperations.RevocationOutcome {
            noted.withLock { $0.append(Call(name: name, entries: entries)) }
            return outcome
        }
    }

    /// The time of all requests, in seconds since 1970.
    static let now = 1_795_896_000

    static func head(_ text: String) throws -> Request {
        var request = Request()
        var parser = AdminSite.makeParser()
        let length = try parser.parse(Array(text.utf8).span, into: &request)
        #expect(length == text.utf8.count)
        return request
    }

    func answer(
        _ method: String, _ target: String, _ lines: String = "", body: String = ""
    ) async throws -> AdminAnswer {
        try await answer(head: "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n", body: body)
    }

    func answer(head: String, body: String = "") async throws -> AdminAnswer {
        let request = try Self.head(head)
        if let refusal = responder.refusal(of: request) { return refusal }
        return await responder.answer(to: request, body: Array(body.utf8), now: Self.now)
    }

    func post(_ body: String, type: String = "application/json") async throws -> AdminAnswer {
        try await answer("POST", "/log_level", "Content-Type: \(type)\r\n", body: body)
    }
}

extension AdminAnswer {
    var text: String { body.span.text }
    var fieldText: String { fields.span.text }
}
