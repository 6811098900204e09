import Bytes
import HTTP
import Synchronization
import Testing
import Transport

@testable import Admin

/// Requests to a responder as a client writes them, without sockets.
struct Exchange {
    let responder: AdminResponder

    /// A process that is well, and whose level of logging is kept in `level`.
    init(readiness: [ReadinessCheck] = [], level: Level = Level()) throws {
        let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 9901))
        let operations = AdminOperations(
            readiness: readiness, configuration: { .init(json: Array("{\"version\":1}".utf8), version: "5be1c0") },
            routes: { Array("[]".utf8) }, logLevel: { level.current }, setLogLevel: { level.set($0) })
        responder = AdminResponder(site: AdminSite(address), operations: operations)
    }

    final class Level: Sendable {
        private let value = Mutex(ApplicationLogLevel.info)

        var current: ApplicationLogLevel { value.withLock { $0 } }

        func set(_ level: ApplicationLogLevel) { value.withLock { $0 = level } }
    }

    static func head(_ text: String) throws -> Request {
        var request = Request()
        var parser = AdminSite.makeParser()
        let length = try parser.parse(Array(text.utf8).span, into: &request)
        #expect(length == text.utf8.count)
        return request
    }

    func answer(_ method: String, _ target: String, _ lines: String = "", body: String = "") throws -> AdminAnswer {
        try answer(head: "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n", body: body)
    }

    func answer(head: String, body: String = "") throws -> AdminAnswer {
        let request = try Self.head(head)
        if let refusal = responder.refusal(of: request) { return refusal }
        return responder.answer(to: request, body: Array(body.utf8))
    }

    func post(_ body: String, type: String = "application/json") throws -> AdminAnswer {
        try answer("POST", "/log_level", "Content-Type: \(type)\r\n", body: body)
    }
}

extension AdminAnswer {
    var text: String { body.span.text }
    var fieldText: String { fields.span.text }
}
